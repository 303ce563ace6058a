"""Logs of an attempt, which grow: what is new in them follows to the session's folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from ..errors import SaturnError
from ..paths import SessionPaths
from ..whole_files import is_at
from .frames import CHUNK
from .node_files import NodeFiles
from .task_units import LOG_BEHIND


class LogMirror:
    """Has the session's copies of an attempt's logs be what this node's are.

    Parameters
    ----------
    paths
        Of the session, as this node has them.
    """

    def __init__(self, paths: SessionPaths, files: NodeFiles, task: str, attempt: int) -> None:
        self._paths = paths
        self._files = files
        self._task = task
        self._attempt = attempt
        self._followed: dict[Path, tuple[int, int]] = {}
        self._pushing = asyncio.Lock()

    def take_as_told(self) -> None:
        """The task's log is the session's now: what comes is new."""
        self._follow(self._paths.step_log(self._task), told=True)

    async def push(self) -> None:
        """Send what is new. Raises SaturnError as `SessionStore` says."""
        async with self._pushing:
            log = self._paths.step_log(self._task)
            ranks = sorted(self._paths.attempt(self._task, self._attempt).glob("rank*.log"))
            for path in (log, *ranks):
                await self._push(path, whole_lines=path == log)

    def close(self) -> None:
        """Follow them no more."""
        for file, _ in self._followed.values():
            os.close(file)
        self._followed.clear()

    async def _push(self, path: Path, *, whole_lines: bool) -> None:
        if not self._is_followed(path):
            self._follow(path)
        while path in self._followed:
            file, told = self._followed[path]
            data = os.pread(file, CHUNK, told)
            if whole_lines:
                data = data[: data.rfind(b"\n") + 1]
            if not data:
                return
            name = str(path.relative_to(self._paths.folder))
            try:
                await self._files.append(name, self._task, self._attempt, told, data)
            except SaturnError as error:
                if error.code == LOG_BEHIND:
                    self._follow(path)  # all of it, when it is next looked at
                raise
            self._followed[path] = file, told + len(data)

    def _is_followed(self, path: Path) -> bool:
        """Whether a log is the one that it was, and has but grown."""
        followed = self._followed.get(path)
        if followed is None:
            return False
        file, told = followed
        # An open file keeps its inode: no other has the same.
        return is_at(file, path) and os.fstat(file).st_size >= told

    def _follow(self, path: Path, *, told: bool = False) -> None:
        before = self._followed.pop(path, None)
        if before is not None:
            os.close(before[0])
        with contextlib.suppress(FileNotFoundError):
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._followed[path] = file, os.fstat(file).st_size if told else 0

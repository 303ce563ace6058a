"""The node's side: brings what tasks need from the session's folder, and what they made there."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shutil
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Json, SaturnError
from ..paths import SessionPaths
from ..private_folders import make_private
from ..whole_files import require_room
from .file_line import FileLine
from .frames import CHUNK, WINDOW
from .node_folder import passing
from .task_units import LOG, files_of, units_below
from .unit_folder import (
    DAMAGED,
    UnitFolder,
    contents_of,
    read_at,
    sizes_of,
    write_at,
)

if TYPE_CHECKING:
    from ..generated.wire_types import FileUnit

_log = logging.getLogger(__name__)

_TRIES = 3


class NodeFiles:
    """A node's copy of what of the session's folder it needs.

    Parameters
    ----------
    paths
        Of the session, as this node has them: its own folder, not the session's.
    line
        To who has the session's folder.
    """

    def __init__(self, paths: SessionPaths, line: FileLine) -> None:
        self._paths = paths
        self._line = line
        self._folder = UnitFolder(paths.folder)
        self._passing = passing(paths)
        shutil.rmtree(self._passing, ignore_errors=True)

    async def have(self, path: str) -> None:
        """Bring something of which the name says what is in it.

        Raises
        ------
        SaturnError
            ``no-payload``: the session does not have it; ``files-damaged``, ``disk-full``.
        """
        if self._folder.place(path).exists():
            os.utime(self._folder.place(path))  # the longest unused are dropped first
            return

        async def look() -> list[FileUnit]:
            reply, _ = await self._line.ask("find", path=path)
            return reply["units"]

        await self._bring(look)

    async def begin(self, task: str, attempt: int) -> None:
        """Give an attempt a task, and bring what that has; what else is here of it is dropped.

        Raises
        ------
        SaturnError
            ``late-commit``: a later attempt has it; ``files-damaged``, ``disk-full``.
        """
        claims: list[str] = []

        async def look() -> list[FileUnit]:
            reply, _ = await self._line.ask("begin", task=task, attempt=attempt)
            claims[:] = reply["claims"]
            return reply["units"]

        units = await self._bring(look)
        known = {unit["path"] for unit in units}
        home = self._paths.task(task)
        for name in (*units_below(home), LOG):
            if f"tasks/{task}/{name}" not in known:
                await asyncio.to_thread(self._folder.drop, f"tasks/{task}/{name}")
        folder = self._paths.claims(task)
        shutil.rmtree(folder, ignore_errors=True)
        make_private(folder)
        for name in claims:
            (folder / name).touch(0o600)

    async def send(self, task: str, attempt: int) -> None:
        """Give the session what a task has here; it is all there when this returns.

        Raises
        ------
        SaturnError
            ``late-commit``: a later attempt has the task, nothing is taken; ``disk-full``: the
            session's disk is; ``files-damaged``.
        """
        for left in reversed(range(_TRIES)):
            kept = self._passing / secrets.token_hex(8)
            try:
                units, contents = await asyncio.to_thread(self._keep, task, kept)
                await self._send(task, attempt, units, contents)
                return
            except (SaturnError, FileNotFoundError) as error:
                if isinstance(error, SaturnError) and (error.code != DAMAGED or not left):
                    raise
                if not left:
                    raise SaturnError(DAMAGED, f"Files of {task} change all the time.") from error
                _log.warning("Files of %s are sent again. %s", task, error)
            finally:
                await asyncio.to_thread(shutil.rmtree, kept, ignore_errors=True)

    async def append(self, path: str, task: str, attempt: int, offset: int, data: bytes) -> None:
        """Have bytes of a log where the session has it."""
        named = {"path": path, "task": task, "attempt": attempt}
        await self._line.ask("append", data, **named, offset=offset)

    async def began(self, task: str, attempt: int, step: int) -> None:
        """Tell where an attempt goes on from; see `AttemptClaim.begin_at`."""
        await self._line.ask("began", task=task, attempt=attempt, step=step)

    async def note(self, path: Path) -> None:
        """Have a small file where the session has it, or none if there is none."""
        data = path.read_bytes()[:CHUNK] if path.exists() else b""
        await self._line.ask("note", data, path=str(path.relative_to(self._paths.folder)))

    async def close(self) -> None:
        """Bring nothing more."""
        await self._line.close()
        shutil.rmtree(self._passing, ignore_errors=True)

    def _keep(self, task: str, kept: Path) -> tuple[list[FileUnit], dict[str, Path]]:
        """Have what a task has now in a folder, where it stays although the task drops it.

        Returns what that is, and where there is what content.
        """
        units: list[FileUnit] = []
        contents: dict[str, Path] = {}
        for number, (name, place) in enumerate(units_below(self._paths.task(task)).items()):
            target = kept / str(number)
            for below, file in files_of(place):
                make_private((target / below).parent)
                _link(file, target / below)
            if target.exists():
                units.append(self._folder.unit(f"tasks/{task}/{name}", target))
                contents |= contents_of(units[-1], target)
            elif not place.is_dir() or any(files_of(place)):  # not empty, but being replaced
                raise FileNotFoundError(place)
        return units, contents

    async def _send(
        self, task: str, attempt: int, units: list[FileUnit], contents: dict[str, Path]
    ) -> None:
        of: Json = {"task": task, "attempt": attempt}
        reply, _ = await self._line.ask("offer", **of, units=units)
        sizes = sizes_of(units)
        for sha in reply["lacking"]:
            size = sizes[sha]

            async def put(offset: int, sha: str = sha, size: int = size) -> None:
                wanted = min(CHUNK, size - offset)
                data = await asyncio.to_thread(read_at, contents[sha], wanted, offset)
                await self._line.ask("put", data, **of, sha256=sha, offset=offset)

            await _in_turns(put, range(0, max(size, 1), CHUNK))
        await self._line.ask("commit", **of, units=units)

    async def _bring(self, look: Callable[[], Awaitable[list[FileUnit]]]) -> list[FileUnit]:
        """Have units here; they are looked for again when they change meanwhile."""
        for left in reversed(range(_TRIES)):
            units = await look()
            try:
                for unit in units:
                    if not await asyncio.to_thread(self._folder.has, unit):
                        await self._bring_unit(unit)
                return units
            except SaturnError as error:
                if error.code != DAMAGED or not left:
                    raise
                _log.warning("Files are brought again. %s", error)
        raise AssertionError

    async def _bring_unit(self, unit: FileUnit) -> None:
        folder = self._passing / secrets.token_hex(8)
        make_private(folder)
        try:
            require_room(
                folder, sum(sizes_of([unit]).values()), f"A copy of the files of {unit['path']}"
            )
            contents = {}
            for part in unit["parts"]:
                sha, size = part["sha256"], part["size"]
                if sha in contents:
                    continue
                path = f"{unit['path']}/{part['name']}" if part["name"] else unit["path"]
                (folder / sha).touch(0o600)

                async def get(
                    offset: int, path: str = path, file: Path = folder / sha, size: int = size
                ) -> None:
                    wanted = min(CHUNK, size - offset)
                    _, data = await self._line.ask("read", path=path, offset=offset, size=wanted)
                    await asyncio.to_thread(write_at, file, data, offset)

                await _in_turns(get, range(0, size, CHUNK))
                await asyncio.to_thread(self._folder.verify, folder / sha, sha, size)
                contents[sha] = folder / sha
            built = folder / "built"
            await asyncio.to_thread(self._folder.build, unit, contents, built)
            await asyncio.to_thread(self._folder.put, built, unit["path"])
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _link(source: str | Path, target: str | Path) -> None:
    """Another name of a file, or of what a link leads to; a copy where there can be none."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copyfile(source, target)


async def _in_turns(work: Callable[[int], Awaitable[None]], offsets: Iterable[int]) -> None:
    """Work on all offsets, so many at a time as may be under way. Raises what one does first."""
    left = iter(offsets)

    async def worker() -> None:
        for offset in left:
            await work(offset)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(WINDOW):
                group.create_task(worker())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # the others follow from it, or are as good

"""The files of tasks on a node that shares them: what one writes, others see a little later."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..paths import SessionPaths
from .attempt_files import AttemptFiles
from .group_outcome import GroupOutcome

if TYPE_CHECKING:
    from ..generated.wire_types import Failure, TaskSpec

_AGAIN_SECONDS = 0.2
_DIGITS = 32
"""Of a SHA-256, in names that are one."""


class PayloadArrival:
    """Waits for files that a kernel has written on the session's own node.

    File systems of a network remember for some seconds that a file was not there, or what was in it
    (nfs(5), "Data and metadata coherence").

    Parameters
    ----------
    paths
        Of the session, as this node has them; on its own node nothing is waited for.
    patience
        Seconds to wait for one.
    """

    def __init__(self, paths: SessionPaths, patience: float = 15.0) -> None:
        self._paths = paths
        self._patience = patience
        self._seen: set[Path] = set()

    async def of(self, tasks: Iterable[TaskSpec]) -> None:
        """Wait until the functions of some tasks are here, and what they see of their notebooks.

        Raises
        ------
        SaturnError
            ``no-payload``: one is not here in time, or is not what was written; ``bad-payload``.
        """
        if self._paths.node is None:
            return
        for task in tasks:
            await self._arrived(self._paths.payload(task["payload"]))
            if "world" in task:
                await self._arrived(self._paths.world(task["world"]))

    def attempt(self, task: TaskSpec, number: int, broken: Callable[[], None]) -> AttemptFiles:
        """The files of an attempt, which is to end once `broken` is called."""
        return AttemptFiles()

    def keep_note(self, path: Path) -> None:
        """Have the session have a small file: it has it."""

    def explain(self, outcome: GroupOutcome) -> GroupOutcome:
        """How a group ended, its failure explained."""
        return outcome

    def explained(self, failure: Failure) -> Failure:
        """A failure, with what to do where it is that of a file that is missing here."""
        return failure

    async def close(self) -> None:
        """Wait for nothing more."""

    async def _arrived(self, path: Path) -> None:
        until = time.monotonic() + self._patience
        while path not in self._seen:
            wrong = await asyncio.to_thread(_wrong_with, path)
            if wrong is None:
                self._seen.add(path)
            elif time.monotonic() > until:
                raise SaturnError(
                    "no-payload",
                    f"The node {self._paths.node} does not have what the task's cell has written: "
                    f"{path} {wrong}.",
                    "Run the task's cell again. If it stays so, the folder of the session is not "
                    "shared, or its file system is slow to tell of new files.",
                )
            else:
                await asyncio.sleep(_AGAIN_SECONDS)


def _wrong_with(path: Path) -> str | None:
    """What keeps a file from being used, as the end of a sentence; None when nothing does."""
    try:
        list(path.parent.iterdir())  # makes a client of NFS ask for what is new
        content = path.read_bytes()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    is_named = len(path.stem) < _DIGITS or hashlib.sha256(content).hexdigest().startswith(path.stem)
    return None if is_named else "holds something else"

"""The files of tasks on a node that does not share the session's folder: they are carried."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..files.file_line import FileLine
from ..files.frames import files_endpoint
from ..files.node_files import NodeFiles
from ..files.node_folder import session_folder, trim
from ..paths import SessionPaths, no_shared_folder
from .attempt_files import AttemptFiles
from .carried_attempt import CarriedAttempt
from .group_outcome import GroupOutcome

if TYPE_CHECKING:
    from ..generated.wire_types import Failure, TaskSpec

_MISSING = re.compile(r"FileNotFoundError|No such file or directory|NotADirectoryError")


class CarriedFiles:
    """Brings what tasks need from the session's folder, and has it have what they made.

    Parameters
    ----------
    paths
        Of the session, as this node has them.
    runtime
        The folder of sockets, in which who carries files listens.
    """

    def __init__(self, paths: SessionPaths, runtime: Path) -> None:
        self._paths = paths
        self._line = FileLine(files_endpoint(runtime))
        self._node = NodeFiles(paths, self._line)
        self._bringing = asyncio.Lock()
        self._used: dict[str, int] = {}
        self._working: set[asyncio.Task[None]] = set()

    async def of(self, tasks: Iterable[TaskSpec]) -> None:
        """Bring the functions of some tasks, what they see of their notebooks, their weights.

        Raises
        ------
        SaturnError
            ``no-payload``: the session does not have one; ``bad-payload``, ``disk-full``.
        """
        async with self._bringing:
            for task in tasks:
                self._paths.payload(task["payload"])
                await self._node.have(f"payloads/{task['payload']}")
                if "world" in task:
                    self._paths.world(task["world"])
                    await self._node.have(f"payloads/{task['world']}")
                for name in task.get("warmStart", {}).get("checkpoints", ()):
                    self._paths.weights(name)
                    await self._node.have(f"weights/{name}")

    def attempt(self, task: TaskSpec, number: int, broken: Callable[[], None]) -> AttemptFiles:
        """The files of an attempt, which is to end once `broken` is called."""
        names = [task["name"], *task.get("warmStart", {}).get("checkpoints", ())]
        for name in names:
            self._used[name] = self._used.get(name, 0) + 1

        def over() -> None:
            for name in names:
                self._used[name] -= 1
            self._aside(trim(self._paths, lambda name: self._used.get(name, 0) > 0))

        return CarriedAttempt(self._paths, self._node, task["name"], number, broken, over)

    def require_shared(self) -> None:
        """Raises SaturnError ``no-shared-folder``: several nodes cannot save together."""
        folder = Path(session_folder(self._paths))
        raise no_shared_folder(folder, self._paths.node or "", "files are carried there")

    def keep_note(self, path: Path) -> None:
        """Have the session have a small file, or none if there is none; nothing waits for it."""

        async def note() -> None:
            with contextlib.suppress(SaturnError, OSError):
                await self._node.note(path)

        self._aside(note())

    def explained(self, failure: Failure) -> Failure:
        """A failure, with what to do where it is that of a file that is missing here."""
        text = f"{failure['message']}\n{failure.get('traceback', '')[-2000:]}"
        if _MISSING.search(text) is None:
            return failure
        hint = (
            f"The node {self._paths.node} does not share the session's folder "
            f"{session_folder(self._paths)}: cells, checkpoints and logs are carried there, data "
            "that a task reads is not. Have it on the node under the same path, have the task "
            "fetch it, or share the folders."
        )
        said = failure.get("hint", "")
        return failure if hint in said else {**failure, "hint": f"{said} {hint}".lstrip()}

    def explain(self, outcome: GroupOutcome) -> GroupOutcome:
        """How a group ended, its failure explained."""
        if outcome.error is None:
            return outcome
        return replace(outcome, error=self.explained(outcome.error))

    async def close(self) -> None:
        """Carry nothing more."""
        for work in self._working:
            work.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self._node.close()

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Have done what nothing waits for."""
        working = asyncio.create_task(work)
        self._working.add(working)
        working.add_done_callback(self._working.discard)

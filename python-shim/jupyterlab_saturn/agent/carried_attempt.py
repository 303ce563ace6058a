"""One attempt on a node that does not share the session's folder: its files come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SaturnError, failure_of
from ..files.log_mirror import LogMirror
from ..files.node_files import NodeFiles
from ..files.unit_folder import DAMAGED
from ..paths import SessionPaths
from .attempt_files import AttemptFiles
from .group_outcome import GroupOutcome

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

_log = logging.getLogger(__name__)

_PUSH_SECONDS = 1.0


@dataclass(frozen=True)
class _Saved:
    """A checkpoint that the engine is to be told of, once the session has it."""

    step: int
    tell: Callable[[], None]


class CarriedAttempt(AttemptFiles):
    """Has the session's folder hold what the attempt has, before the engine is told of it.

    While a checkpoint is on its way the task trains on; of those that it commits meanwhile the
    newest follows. One that cannot be taken, since a later attempt has the task or the disk is
    full, ends the attempt, as it would where the folder is shared.

    Parameters
    ----------
    broken
        Called when that is so.
    over
        Called at the end.
    """

    def __init__(
        self,
        paths: SessionPaths,
        files: NodeFiles,
        task: str,
        number: int,
        broken: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        self._files = files
        self._task = task
        self._number = number
        self._broken = broken
        self._over = over
        self._logs = LogMirror(paths, files, task, number)
        self._from: int | None = None
        self._saved: _Saved | None = None
        self._news = asyncio.Event()
        self._error: Failure | None = None
        self._is_over = False
        self._is_forgotten = False
        self._working: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        await self._files.begin(self._task, self._number)
        self._logs.take_as_told()
        self._working = [
            asyncio.create_task(self._carry()),
            asyncio.create_task(self._follow_logs()),
        ]

    def hear(self, kind: str, step: int | None, tell: Callable[[], None]) -> None:
        if kind == "checkpoint" and step is not None:
            self._saved = _Saved(step, tell)
            self._news.set()
            return
        if kind == "started":
            self._from = step
            self._news.set()
        tell()

    def forget(self) -> None:
        self._is_forgotten = True
        for task in self._working:
            task.cancel()

    async def end(self, outcome: GroupOutcome) -> GroupOutcome:
        try:
            if not self._working:  # it never began
                return outcome
            self._is_over = True
            self._news.set()
            await asyncio.wait(self._working[:1])
            if outcome.error is not None:
                return outcome  # what the ranks have to say of it, if anything, comes first
            if self._error is not None:
                return GroupOutcome("failed", error=self._error)
            return GroupOutcome("stopped") if self._is_forgotten else outcome
        finally:
            for task in self._working:
                task.cancel()
            self._logs.close()
            self._over()

    async def _settle(self) -> None:
        """All is to be there."""
        try:
            await self._send_saved(always=True)
            await self._push_logs()
        except Exception as error:
            self._error = failure_of(error)

    async def _follow_logs(self) -> None:
        while True:
            await asyncio.sleep(_PUSH_SECONDS)
            await self._push_logs()

    async def _push_logs(self) -> None:
        try:
            await self._logs.push()
        except (SaturnError, OSError) as error:
            # A log that is behind fails no training; of one that is late, checkpoints are as well.
            _log.warning("The logs of %s are behind. %s", self._task, error)

    async def _carry(self) -> None:
        await self._follow_checkpoints()
        if self._error is None:
            await self._settle()

    async def _follow_checkpoints(self) -> None:
        while not self._is_over:
            await self._news.wait()
            self._news.clear()
            try:
                await self._send_saved()
            except Exception as error:
                if isinstance(error, SaturnError) and error.code == DAMAGED:
                    _log.warning("A checkpoint of %s is not taken. %s", self._task, error)
                    continue  # the next one may be
                _log.warning("Checkpoints of %s cannot be carried.", self._task, exc_info=True)
                self._error = failure_of(error)
                self._broken()
                return

    async def _send_saved(self, *, always: bool = False) -> None:
        if self._from is not None:
            await self._files.began(self._task, self._number, self._from)
            self._from = None
        saved = self._saved
        if saved is None and not always:
            return
        await self._files.send(self._task, self._number)
        if saved is not None:
            await self._push_logs()  # what the engine hears of is in the log
            saved.tell()
            if self._saved is saved:
                self._saved = None

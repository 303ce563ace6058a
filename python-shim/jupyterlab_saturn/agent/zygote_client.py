"""The agent's end of the zygote: a process with torch imported, from which ranks are forked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..patience import patience
from .rank_process import RankProcess, end, kill
from .rank_surroundings import Surroundings

if TYPE_CHECKING:
    from ..training.runtime.zygote_messages import SpawnOrder, ZygoteMessage

_log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "jupyterlab_saturn.training.zygote")

_READY_SECONDS = 120.0
_SPAWN_SECONDS = 20.0
_END_SECONDS = 2.0
_DEATHS = 3
_WINDOW_SECONDS = 60.0


class ZygoteClient:
    """Starts the zygote, asks it for ranks, and starts it again when it dies.

    What a process has loaded is as its variables, its interpreter and the files on disk were then.
    So a zygote forks ranks for one kind of surroundings, and only while the libraries it holds
    are those on disk; when others are wanted and it has no ranks, another takes its place.

    Parameters
    ----------
    command
        Program to which the number of the inherited socket and the id of this process are appended.
    log
        File for its output.
    surroundings
        What the first zygote runs in.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        surroundings: Surroundings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = tuple(command)
        self._log = log
        self._surroundings = surroundings
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._life: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[bool] | None = None
        self._asked: dict[str, asyncio.Future[RankProcess | None]] = {}
        self._ranks: dict[str, RankProcess] = {}
        self._deaths: deque[float] = deque(maxlen=_DEATHS)
        self._unsafe: set[str] = set()
        self._is_stale = False
        self._is_retired = False
        self._claims = 0
        self._closed = False
        self._count = 0

    @property
    def pid(self) -> int | None:
        """Pid of the living zygote."""
        return None if self._process is None else self._process.pid

    def prewarm(self) -> None:
        """Start the zygote in the background unless it lives, or is of no use here."""
        if self._life is not None or self._closed:
            return
        if self._surroundings.python in self._unsafe:
            return
        full = len(self._deaths) == _DEATHS
        if full and self._clock() - self._deaths[0] < _WINDOW_SECONDS:
            return
        self._ready = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(self._ready, self._surroundings))

    async def warm(self, surroundings: Surroundings) -> None:
        """Have a zygote for surroundings, unless it is wanted for others."""
        self._claims += 1
        try:
            await self._fits(surroundings)
        finally:
            self._claims -= 1

    async def spawn(
        self, request: Path, rank: int, log: Path, surroundings: Surroundings
    ) -> RankProcess | None:
        """Fork a rank; None when there is no zygote that can, so that it must start cold."""
        self._claims += 1
        try:
            if not await self._fits(surroundings):
                return None
            forked = await self._fork(request, rank, log)
            if forked is None and self._is_stale and await self._fits(surroundings):
                forked = await self._fork(request, rank, log)
            return forked
        finally:
            self._claims -= 1

    async def _fits(self, surroundings: Surroundings) -> bool:
        """Have a zygote for these surroundings, with libraries as they are on disk."""
        if self._is_stale or surroundings != self._surroundings:
            starting = self._life is not None and self._process is None
            if self._ranks or self._claims > 1 or starting:
                return False  # others would lose the zygote there is
            self._surroundings = surroundings
            await self._retire()
        self.prewarm()
        if self._ready is None:
            return False
        try:
            async with asyncio.timeout(patience(_READY_SECONDS)):
                return await asyncio.shield(self._ready)
        except TimeoutError:
            self._give_up("imports torch for too long")
            return False

    async def _fork(self, request: Path, rank: int, log: Path) -> RankProcess | None:
        self._count += 1
        id = str(self._count)
        asked: asyncio.Future[RankProcess | None] = asyncio.get_running_loop().create_future()
        self._asked[id] = asked
        try:
            self._say(
                {"op": "spawn", "id": id, "request": str(request), "rank": rank, "log": str(log)}
            )
            async with asyncio.timeout(patience(_SPAWN_SECONDS)):
                return await asyncio.shield(asked)
        except asyncio.CancelledError:
            # The order is out: nobody else will know of the rank that comes.
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(patience(_SPAWN_SECONDS)):
                    forked = await asked
                    await end([] if forked is None else [forked])
            raise
        except (TimeoutError, ConnectionError):
            # It is not killed for being slow: living ranks would die with it.
            _log.warning("The zygote does not answer; rank %d of %s starts cold.", rank, request)
            return None
        finally:
            self._asked.pop(id, None)

    async def _retire(self) -> None:
        """End a zygote without ranks, whatever it does."""
        self._is_stale = False
        if self._life is not None and self._process is not None:
            self._is_retired = True
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            # Who asks may be given up meanwhile: its life ends in its own way all the same.
            await asyncio.shield(self._life)

    async def close(self) -> None:
        """End the zygote. Its ranks must have been ended before."""
        self._closed = True
        if self._writer is not None:
            self._writer.close()
        if self._ready is not None and not self._ready.done():
            self._give_up("is not needed")  # it would finish loading first
        if self._life is not None:
            try:
                async with asyncio.timeout(_END_SECONDS):
                    await asyncio.shield(self._life)
            except TimeoutError:
                self._give_up("does not leave")
                await self._life

    async def _live(self, ready: asyncio.Future[bool], surroundings: Surroundings) -> None:
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *surroundings.command(self._command),
                    str(theirs.fileno()),
                    str(os.getpid()),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[theirs.fileno()],
                    env=surroundings.variables,
                )
            reader, self._writer = await asyncio.open_connection(sock=ours)
            with contextlib.suppress(ConnectionError):
                while line := await reader.readline():
                    self._hear(line, ready)
            if not self._closed and not self._is_retired:
                self._give_up("closed its socket")
            await self._process.wait()
        except OSError:
            _log.exception("The zygote cannot be started.")
        finally:
            ours.close()
            self._died(ready)

    def _hear(self, line: bytes, ready: asyncio.Future[bool]) -> None:
        try:
            said: ZygoteMessage = json.loads(line)
            match said["op"]:
                case "ready":
                    _settle(ready, True)
                case "unsafe":
                    _log.warning("Ranks start cold: %s", said.get("reason", "forking is unsafe"))
                    self._unsafe.add(self._surroundings.python)
                    _settle(ready, False)
                case "stale":
                    _log.info("The zygote begins anew: %s has changed on disk.", said["file"])
                    self._is_stale = True
                    asked = self._asked.get(said["id"])
                    if asked is not None and not asked.done():
                        asked.set_result(None)
                case "refused":
                    _log.warning("The zygote cannot fork: %s.", said["reason"])
                    asked = self._asked.get(said["id"])
                    if asked is not None and not asked.done():
                        asked.set_result(None)
                case "spawned":
                    rank = self._ranks[said["id"]] = RankProcess(int(said["pid"]))
                    asked = self._asked.get(said["id"])
                    if asked is None or asked.done():
                        kill([rank])  # nobody waits for it any more
                    else:
                        asked.set_result(rank)
                case "exited":
                    if said["id"] in self._ranks:
                        self._ranks.pop(said["id"]).left(int(said["code"]))
                case _:
                    _log.warning("The zygote says something unknown: %r", line[:200])
        except (ValueError, KeyError, TypeError):
            _log.warning("The zygote says something that makes no sense: %r", line[:200])

    def _say(self, order: SpawnOrder) -> None:
        if self._writer is None or self._writer.is_closing():
            raise ConnectionError
        self._writer.write(json.dumps(order).encode() + b"\n")

    def _give_up(self, why: str) -> None:
        if self._process is not None and self._process.returncode is None:
            _log.warning("The zygote %s and is ended.", why)
            self._process.kill()

    def _died(self, ready: asyncio.Future[bool]) -> None:
        if not self._is_retired:
            self._deaths.append(self._clock())
        if not self._closed and not self._is_retired:
            _log.warning("The zygote is gone; its log is %s.", self._log)
        if self._writer is not None:
            self._writer.close()
        self._process = self._writer = self._life = self._ready = None
        self._is_retired = False
        _settle(ready, False)
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ConnectionError("The zygote died."))
        # They die with it where the system can arrange that; nobody else could report their end.
        orphans, self._ranks = list(self._ranks.values()), {}
        kill(orphans)
        for rank in orphans:
            rank.orphaned = True
            rank.left(-signal.SIGKILL)


def _settle(ready: asyncio.Future[bool], value: bool) -> None:
    if not ready.done():
        ready.set_result(value)

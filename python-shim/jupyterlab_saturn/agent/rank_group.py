"""A rank group: the processes of one job, from their request to their one outcome."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError, not_written
from ..paths import scratch
from ..private_folders import ensure_private
from ..training.rank import EXIT_UNHEARD
from ..whole_files import write_json
from .event_receiver import EventReceiver
from .group_limits import Limits
from .group_outcome import HUNG, GroupOutcome
from .group_record import GroupRecord, failure_of
from .group_verdict import decide
from .interruption import done_or
from .oom_killer import memory_kills
from .rank_launcher import RankLauncher
from .rank_logs import RankLogs
from .rank_process import RankProcess, end, kill
from .rank_surroundings import Surroundings
from .run_members import RunMembers
from .silence import Silence

if TYPE_CHECKING:
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_order import RankOrder

_log = logging.getLogger(__name__)


class RankGroup:
    """Runs the ranks of one request and judges how they ended, exactly once.

    Parameters
    ----------
    request
        What goes into ``request.json``; its ``job`` is the group's id.
    folder
        Where the request and the logs ``rank<r>.log`` go.
    ranks
        How many.
    surroundings
        Those the ranks run in; the agent's own when None.
    heard
        Told of each event of the ranks, failures included, when it comes.
    may_be_silent
        Whether saying nothing is in order, a last word included.
    kills
        Counts what the system's out-of-memory killer has ended.
    """

    def __init__(
        self,
        request: RankOrder,
        folder: Path,
        ranks: int,
        *,
        launcher: RankLauncher,
        surroundings: Surroundings | None = None,
        events: EventReceiver,
        heard: Callable[[RankEvent], None],
        may_be_silent: bool = False,
        limits: Limits | None = None,
        kills: Callable[[], int | None] = memory_kills,
    ) -> None:
        self.job: str = request["job"]
        self._request = request
        self._folder = folder
        self._scratch = scratch(events.path.parent, self.job)
        self._launcher = launcher
        self._surroundings = surroundings
        self._events = events
        self._told_at = events.path, events.bound
        self._heard = heard
        self._may_be_silent = may_be_silent
        self._limits = limits or Limits()
        self._kills = kills
        self._devices = request.get("devices", [])
        self._members = RunMembers(request)
        part: Any = request.get("part", {})
        self._record = GroupRecord(
            ranks, [device["id"] for device in self._devices], part.get("first", 0)
        )
        self._ranks: list[RankProcess] = []
        self._timers: list[asyncio.TimerHandle] = []
        self.logs = RankLogs(folder, self._limits.logs)
        self._silence = Silence(request, self._limits, self._hang, allowed=may_be_silent)
        self._killed = asyncio.Event()
        self.undying: list[RankProcess] = []
        """Once it has run: ranks of which a process does not die."""

    async def run(self, deadline: float | None = None) -> GroupOutcome:
        """Start the ranks, wait until all are gone, and judge.

        Cancelled, it kills them first, so that none is left either way.

        Parameters
        ----------
        deadline
            Seconds after which ranks still there have failed with code ``trial-timeout``;
            their stacks are then in their logs.
        """
        self._events.register(self.job, self._hear)
        killed_before = self._kills()
        try:
            self._silence.begin(deadline)
            # A rank that is just being started must neither be waited for then nor be left.
            await done_or(self._killed, self._start())
            self.logs.begin()
            if deadline is not None:
                self._after(deadline, lambda: self._expire(deadline))
            await done_or(self._killed, self._gone())
        except SaturnError as error:
            self._record.refused = error.to_json()
        finally:
            self._silence.end()
            for timer in self._timers:
                timer.cancel()
            self._killed.set()
            self.undying = await end(self._ranks)
            self.logs.end()
            self._events.drain()
            self._events.unregister(self.job)
            shutil.rmtree(self._scratch, ignore_errors=True)
        if killed_before is not None:
            self._record.memory_kills = (self._kills() or 0) - killed_before
        if any(device["kind"] == "cuda" for device in self._devices):
            self._record.undying = [self._ranks.index(rank) for rank in self.undying]
        return decide(self._record, self.logs.tail, may_be_silent=self._may_be_silent)

    def amend(self, **changes: Any) -> None:
        """Change the request of ranks that may run already: they look at it between steps.

        Raises
        ------
        SaturnError
            ``not-writable`` or ``disk-full``.
        """
        self._request = {**self._request, **changes}  # type: ignore[assignment]
        self._silence.request = self._request
        if self._folder.is_dir():
            self._write_request()

    @property
    def pids(self) -> list[int]:
        """Process ids of the ranks started."""
        return [rank.pid for rank in self._ranks]

    @property
    def places(self) -> list[tuple[str, int]]:
        """Ids of its devices with the process ids of the ranks on them, as far as they started."""
        devices = (device["id"] for device in self._devices)
        return [
            (device, rank.pid)
            for device, rank in zip(devices, self._ranks, strict=False)
            if not rank.exited.done()
        ]

    def release(self) -> None:
        """Let ranks begin that were held. Raises like `amend`."""
        if not self._killed.is_set():
            self.amend(held=False, requestedAt=time.time())
            self._silence.await_first_step()

    def stop(self, grace: float) -> None:
        """Ask the ranks to checkpoint and leave; kill those still there after `grace` seconds."""
        self._record.stopping = True
        self._tell(signal.SIGTERM)
        self._after(grace, self._kill)

    def lose_sockets(self) -> None:
        """Note that the folder of the sockets was removed, in which the ranks meet.

        Ranks that train may do without it; those that start are ended.
        """
        self._record.lost_sockets = True
        if not self._record.began or len(self._ranks) < self._record.ranks:
            self._kill()

    async def _start(self) -> None:
        self._write_request()
        request = self._folder / "request.json"
        for number in range(self._record.ranks):
            if self._record.stopping:
                break
            log = self.logs.of(number)
            # The log of an attempt starts anew, whatever an earlier life of the session left.
            log.unlink(missing_ok=True)
            rank = await self._launcher.start(request, number, log, self._surroundings)
            self._ranks.append(rank)
            rank.exited.add_done_callback(partial(self._left, number))
        if self._record.stopping:
            self._tell(signal.SIGTERM)

    def _write_request(self) -> None:
        try:
            write_json(ensure_private(self._folder) / "request.json", self._request)
        except OSError as error:
            raise not_written(error, f"Nothing can be written to {self._folder}") from error

    def _hear(self, event: RankEvent) -> None:
        # A datagram may hold anything; the types are what our own ranks send.
        if not isinstance(event.get("kind"), str) or not isinstance(event.get("rank"), int):
            _log.warning("An event of job %s names no kind or rank: %.300s", self.job, event)
            return
        if self._members.end(event):
            self._record.members_over = self._members.over
            if self._members.over:
                self._after(self._limits.leave, self._kill)
            self._silence.heard_last_of_one(self._members.over)
            self._heard(event)
            return
        match event["kind"]:
            case "failed" | "oom" | "lost":
                error = failure_of(event, self._record.first)
                self._record.failures.append({**event, "error": error})
                if error["code"] == HUNG:
                    self._end_with_stacks()
                else:
                    self._after(self._limits.last_words, self._kill)
            case "finished" | "stopped" | "trial":
                self._record.last_word = event
                self._after(self._limits.leave, self._kill)
            case "started" | "checkpoint":
                self._record.safe_step = event.get("step")
        if event["kind"] not in ("measured", "meets"):
            self._record.began |= self._silence.heard(event)
        self._heard(event)

    async def _gone(self) -> None:
        await asyncio.gather(*(asyncio.shield(rank.exited) for rank in self._ranks))

    def _left(self, rank: int, exited: asyncio.Future[int]) -> None:
        if self._killed.is_set():
            return
        code = exited.result()
        self._record.exits.append((rank, code))
        self._record.lost_sockets |= code == EXIT_UNHEARD and self._is_unheard()
        self._record.orphaned |= self._ranks[rank].orphaned
        if code == -signal.SIGABRT:
            # NCCL's watchdog does so to a rank that waits: where are those it waits for?
            self._end_with_stacks()
        elif code != 0 or (rank == 0 and not self._may_be_silent and self._is_wordless()):
            self._after(self._limits.last_words, self._kill)

    def _is_unheard(self) -> bool:
        """Whether a rank may in truth have found no socket. Its code is one that a task may use."""
        path, bound = self._told_at
        return self._events.bound != bound or not path.exists()

    def _is_wordless(self) -> bool:
        """Whether the rank that tells the result has left without one: nobody waits for another."""
        self._events.drain()
        told = self._record.last_word is not None or self._members.over
        return not told and not self._record.stopping

    def _expire(self, deadline: float) -> None:
        self._record.expired = deadline
        self._end_with_stacks()

    def _hang(self, patience: float) -> None:
        self._record.hung = patience
        self._end_with_stacks()

    def _end_with_stacks(self) -> None:
        self._tell(signal.SIGUSR1)
        self._after(self._limits.stacks, self._kill)

    def _tell(self, number: signal.Signals) -> None:
        for rank in self._ranks:
            rank.signal(number)

    def _kill(self) -> None:
        self._killed.set()
        kill(self._ranks)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, act))

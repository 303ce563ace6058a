"""A running rank, and the end of everything it started."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field

import psutil

_log = logging.getLogger(__name__)

_GONE_SECONDS = 10.0
_POLL_SECONDS = 0.02


@dataclass(eq=False)
class RankProcess:
    """One rank: the leader of a session of its own, in which all it starts stays.

    `exited` becomes its exit code, negative for the signal that killed it; `orphaned` says whether
    it ended because the zygote did that it was forked from.
    """

    pid: int
    orphaned: bool = False
    exited: asyncio.Future[int] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the rank alone, not to its helpers. Nothing happens once it is gone."""
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def left(self, code: int) -> None:
        """Note its end."""
        if not self.exited.done():
            self.exited.set_result(code)


def members(sessions: Iterable[int]) -> list[int]:
    """Pids of the living processes of some sessions. Zombies do not live."""
    wanted = set(sessions)
    found = []
    # Of others nothing else is read: a machine may have thousands.
    for pid in psutil.pids():  # type: ignore[no-untyped-call]
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) in wanted and _lives(pid):
                found.append(pid)
    return found


def _lives(pid: int) -> bool:
    status: str = psutil.Process(pid).status()  # type: ignore[no-untyped-call]
    return status != psutil.STATUS_ZOMBIE


def kill(ranks: Iterable[RankProcess]) -> None:
    """SIGKILL ranks with all they started (data loader workers are not told of their end)."""
    ranks = list(ranks)
    for rank in ranks:
        # By pid first: a rank just forked may not lead its session yet.
        rank.signal(signal.SIGKILL)
    for pid in members(rank.pid for rank in ranks):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def end(ranks: Iterable[RankProcess]) -> list[RankProcess]:
    """Kill ranks and all they started; return when none is left, or will not be.

    Returns
    -------
    list[RankProcess]
        Those of which a process does not die: it waits for a device's driver, or for a disk.
    """
    ranks = list(ranks)
    if not ranks:
        return []
    kill(ranks)
    try:
        async with asyncio.timeout(_GONE_SECONDS):
            await asyncio.gather(*(asyncio.shield(rank.exited) for rank in ranks))
            while members(rank.pid for rank in ranks):
                await asyncio.sleep(_POLL_SECONDS)
                kill(ranks)
    except TimeoutError:
        left = [rank for rank in ranks if not rank.exited.done() or members([rank.pid])]
        _log.error("Of the ranks %s a process does not die.", [rank.pid for rank in left])
        return left
    return []

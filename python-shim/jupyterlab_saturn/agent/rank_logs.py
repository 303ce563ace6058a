"""The files that hold what the ranks of a group print."""

from __future__ import annotations

import asyncio
from pathlib import Path

from .log_tail import shorten, tail


class RankLogs:
    """The logs ``rank<r>.log`` of a group, which stay short however much is printed.

    Parameters
    ----------
    folder
        Where they are.
    seconds
        They are shortened so often while ranks write to them.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def of(self, rank: int) -> Path:
        """Where a rank's output goes."""
        return self._folder / f"rank{rank}.log"

    def tail(self, rank: int) -> str:
        """The end of what a rank printed."""
        return tail(self.of(rank))

    def begin(self) -> None:
        """Keep them short from now on, until `end`."""
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._turn)

    def end(self) -> None:
        """Shorten them once more: nobody writes to them now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._shorten()

    def _turn(self) -> None:
        self._shorten()
        self.begin()

    def _shorten(self) -> None:
        for log in self._folder.glob("*.log"):
            shorten(log)

"""What the agent wants of a group that runs: to begin, to stop, to leave after another step."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from .rank_request import RankRequest

if TYPE_CHECKING:
    from .event_sender import EventSender

_TURN_SECONDS = 0.005


class GroupOrders:
    """SIGTERM says to stop; all else is in the request's file, which the agent writes anew.

    Asked between steps, a few times a second: looking whether the file has changed takes
    microseconds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._version()
        self._request = RankRequest.read(path)
        self._stopped = False
        signal.signal(signal.SIGTERM, self._stop)

    def stop_wanted(self, member: int = 0) -> bool:
        """Whether this rank was told to stop.

        Parameters
        ----------
        member
            Which of the tasks of the run is asked about: it may be told to leave the others.
        """
        return self._stopped or self._newest().members[member].stops

    def until(self, member: int = 0) -> int | None:
        """The step to leave after; None when that is the last one. `member` as before."""
        return self._newest().members[member].until

    def wait(self, events: EventSender) -> float:
        """Wait until no other group has the task and the devices any more.

        Parameters
        ----------
        events
            Where it is told that this rank waits for nothing else, if it must wait.

        Returns
        -------
        float
            When this one could begin, in seconds since the epoch.
        """
        if self._newest().held:
            events.emit({"kind": "ready"})
        while self._newest().held:
            time.sleep(_TURN_SECONDS)
        return self._newest().requested_at

    def _newest(self) -> RankRequest:
        version = self._version()
        if version != self._seen:
            self._seen, self._request = version, RankRequest.read(self._path)
        return self._request

    def _version(self) -> tuple[int, int]:
        """It is replaced as a whole, so what is read is no older than this."""
        status = self._path.stat()
        return status.st_ino, status.st_mtime_ns

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopped = True

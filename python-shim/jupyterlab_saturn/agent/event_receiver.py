"""The datagram socket on which ranks tell the agent what happens."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..training.runtime.event_sender import RankEvent

_log = logging.getLogger(__name__)

_MAX_BYTES = 128 * 1024


class EventReceiver:
    """Receives the ranks' datagrams and hands each to the job it names.

    Must be made in the running event loop that serves it. A datagram that is no JSON object, or
    names no registered job, is logged and dropped: a late word of a dead group, or noise.

    Attributes
    ----------
    path
        Of the socket: where ranks are to connect.
    bound
        How often that was made.
    """

    def __init__(self, path: Path) -> None:
        self._jobs: dict[str, Callable[[RankEvent], None]] = {}
        self._sockets: list[socket.socket] = []
        self.bound = 0
        self._loop = asyncio.get_running_loop()
        self.bind(path)

    def bind(self, path: Path) -> None:
        """Receive at a path from now on, and from those who are connected already."""
        path.unlink(missing_ok=True)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            made.bind(str(path))
        except OSError:
            made.close()
            raise
        made.setblocking(False)
        self.path = path
        self.bound += 1
        self._sockets.append(made)
        self._loop.add_reader(made, self.drain)

    def register(self, job: str, listener: Callable[[RankEvent], None]) -> None:
        """Send a job's datagrams to a listener until `unregister`."""
        self._jobs[job] = listener

    def unregister(self, job: str) -> None:
        """Stop listening for a job."""
        self._jobs.pop(job, None)

    def drain(self) -> None:
        """Handle every datagram that has arrived. A dead rank's last words are then known."""
        for each in self._sockets:
            while True:
                try:
                    data = each.recv(_MAX_BYTES)
                except (BlockingIOError, InterruptedError):
                    break
                self._dispatch(data)

    def close(self) -> None:
        """Close the socket and remove its file."""
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()
        self.path.unlink(missing_ok=True)

    def _dispatch(self, data: bytes) -> None:
        event: Any
        try:
            # What is not a number is null on the wire.
            event = json.loads(data, parse_constant=lambda _: None)
        except ValueError:
            event = None
        job = event.get("job") if isinstance(event, dict) else None
        if not isinstance(job, str):
            _log.warning("A rank sent %d bytes that make no event.", len(data))
            return
        listener = self._jobs.get(job)
        if listener is None:
            _log.info("An event of the ended job %s came too late.", job)
            return
        try:
            listener(event)
        except Exception:
            _log.exception("An event of job %s could not be handled.", job)

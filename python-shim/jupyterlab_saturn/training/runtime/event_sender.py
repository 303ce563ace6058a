"""How ranks tell the agent what happens: datagrams on its socket."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any, Literal, Self

from ...errors import Json

EventKind = Literal[
    "inspected",
    "trial",
    "started",
    "step",
    "validated",
    "checkpoint",
    "finished",
    "stopped",
    "failed",
    "oom",
    "lost",
]


class EventSender:
    """A rank's line to its agent. Owns its socket: close it or use it as a context manager.

    Parameters
    ----------
    path
        The agent's datagram socket.
    job
        Id of the job the events belong to.
    rank
        Who speaks.
    """

    def __init__(self, path: Path, job: str, rank: int) -> None:
        self._stamp: Json = {"job": job, "rank": rank}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def emit(self, kind: EventKind, **fields: Any) -> None:
        """Send an event and wait until the agent's queue has room for it.

        Raises OSError when the agent is gone.
        """
        self._socket.send(self._encode(kind, fields))

    def emit_step(self, **fields: Any) -> None:
        """Send a ``step`` event, or drop it when the agent is behind: the next one is newer."""
        try:
            self._socket.send(self._encode("step", fields), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _encode(self, kind: EventKind, fields: Json) -> bytes:
        event = {**self._stamp, "kind": kind, "time": time.time(), **fields}
        return json.dumps(event, ensure_ascii=False, allow_nan=False).encode(errors="replace")

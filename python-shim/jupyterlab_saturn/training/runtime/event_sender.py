"""How ranks tell the agent what happens: datagrams on its socket."""

from __future__ import annotations

import copy
import json
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NotRequired, Self, TypedDict

if TYPE_CHECKING:
    from ...generated.wire_types import (
        Failure,
        InspectResult,
        Meeting,
        Metrics,
        ProfileCell,
        Result,
    )


class _Event(TypedDict):
    """What the sender adds to each event."""

    job: NotRequired[str]
    task: NotRequired[str]
    rank: NotRequired[int]
    time: NotRequired[float]


class InspectedEvent(_Event):
    kind: Literal["inspected"]
    result: InspectResult


class DiedEvent(_Event):
    """The process that inspected a task has ended without a word; ``code`` is as of its exit."""

    kind: Literal["died"]
    code: int


class CellEvent(_Event):
    """Of a trial at its end; of a training when it is known well enough, and at its end."""

    kind: Literal["trial", "measured"]
    cell: ProfileCell


class ReadyEvent(_Event):
    """It waits for nothing but the end of the group from which it takes over."""

    kind: Literal["ready"]


class MeetsEvent(_Event):
    """It waits where ranks on other nodes are to meet it."""

    kind: Literal["meets"]
    meeting: Meeting


class ProgressEvent(_Event):
    """So many steps are behind it: when it begins, with a checkpoint, and when told to leave."""

    kind: Literal["started", "checkpoint", "stopped"]
    step: int


class StepEvent(_Event):
    kind: Literal["step"]
    step: int
    loss: NotRequired[float | None]
    stepSeconds: float


class ValidatedEvent(_Event):
    kind: Literal["validated"]
    step: int
    metrics: Metrics


class RungEvent(_Event):
    """How good the task is after a step at which it is compared with others."""

    kind: Literal["rung"]
    step: int
    metrics: NotRequired[Metrics]
    loss: NotRequired[float]


class FinishedEvent(_Event):
    kind: Literal["finished"]
    step: int
    result: Result


class FailureEvent(_Event):
    """It fails; ``lost`` when that is not the task's fault."""

    kind: Literal["failed", "oom", "lost"]
    error: Failure


RankEvent = (
    InspectedEvent
    | DiedEvent
    | CellEvent
    | ReadyEvent
    | MeetsEvent
    | ProgressEvent
    | StepEvent
    | ValidatedEvent
    | RungEvent
    | FinishedEvent
    | FailureEvent
)
"""What a rank tells, apart by its ``kind``."""


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
        self._job = job
        self._rank = rank
        self._task: str | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def emit(self, event: RankEvent) -> None:
        """Send an event and wait until the agent's queue has room for it.

        Raises OSError when the agent is gone.
        """
        self._socket.send(self._encode(event))

    def emit_or_drop(self, event: RankEvent) -> None:
        """Send an event, or drop it when the agent is behind: the next one is newer."""
        try:
            self._socket.send(self._encode(event), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return

    def of_task(self, name: str) -> EventSender:
        """The same line, for what happens to one of several tasks of the job alone."""
        sender = copy.copy(self)
        sender._task = name
        return sender

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _encode(self, event: RankEvent) -> bytes:
        sys.stdout.flush()
        stamped: dict[str, object] = {
            "job": self._job,
            "rank": self._rank,
            "time": time.time(),
            **event,
        }
        if self._task is not None:
            stamped["task"] = self._task
        return json.dumps(stamped, ensure_ascii=False, allow_nan=False).encode(errors="replace")

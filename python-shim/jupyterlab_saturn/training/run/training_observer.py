"""Who sees how a training goes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..runtime.event_sender import EventSender, StepEvent
from ..task.data_order import MicroBatch
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import ProfileCell, Result

_TELL_SECONDS = 0.2


class TrainingObserver:
    """Sees how a training goes, on one rank. Does nothing: override what is of interest.

    All ranks see the same at the same steps, but for their own `stepped`.
    """

    def started(self, step: int) -> None:
        """The task is built and goes on from a step: 0, or that of its newest checkpoint."""

    def stepped(
        self, workload: Workload, micro_batches: Sequence[MicroBatch], share: torch.Tensor
    ) -> None:
        """A step was made of this rank's part of the batch.

        Parameters
        ----------
        share
            This rank's share of the loss. Reading it waits for the device.
        """

    def agreed(self, step: int, loss: float | None, step_seconds: float) -> None:
        """The ranks agreed on the loss of a step and the mean time of the last ones.

        Parameters
        ----------
        loss
            None where there is none to tell.
        """

    def measured(self, cell: ProfileCell) -> None:
        """It is known how the task runs: well enough, or by all steps when the training ends."""

    def validated(self, step: int, metrics: dict[str, float | None]) -> None:
        """The task was evaluated before its end; a metric that is no number is None."""

    def saved(self, step: int) -> None:
        """A checkpoint was committed."""

    def stopped(self, step: int) -> None:
        """The training ended before the task did."""

    def finished(self, step: int, result: Result) -> None:
        """The task is trained; a wire ``Result``."""


class AgentReporter(TrainingObserver):
    """Tells the agent; for the first rank of a group, since one is enough."""

    def __init__(self, events: EventSender) -> None:
        self._events = events
        self._told_at = 0.0

    def started(self, step: int) -> None:
        self._events.emit({"kind": "started", "step": step})
        self._told_at = time.monotonic()

    def agreed(self, step: int, loss: float | None, step_seconds: float) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TELL_SECONDS:
            self._told_at = now
            event: StepEvent = {"kind": "step", "step": step, "stepSeconds": step_seconds}
            if loss is not None:
                event["loss"] = loss if math.isfinite(loss) else None
            self._events.emit_or_drop(event)

    def measured(self, cell: ProfileCell) -> None:
        self._events.emit({"kind": "measured", "cell": cell})

    def validated(self, step: int, metrics: dict[str, float | None]) -> None:
        self._events.emit({"kind": "validated", "step": step, "metrics": metrics})

    def saved(self, step: int) -> None:
        self._events.emit({"kind": "checkpoint", "step": step})

    def stopped(self, step: int) -> None:
        self._events.emit({"kind": "stopped", "step": step})

    def finished(self, step: int, result: Result) -> None:
        self._events.emit({"kind": "finished", "step": step, "result": result})

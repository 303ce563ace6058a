"""Those who see how a training goes for others: the agent, and the log of the task."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..runtime.event_sender import EventSender, RungEvent, StepEvent
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from ..task.data_order import MicroBatch
from .attempt_claim import AttemptClaim
from .claim_keeper import ClaimKeeper
from .step_log import StepLog
from .training_observer import LoggedSteps, TrainingObserver
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import Metrics, ProfileCell, Result

_TELL_SECONDS = 0.2
_TELL_MOST_SECONDS = 1.0
_TELL_SHARE = 0.02
"""Of how long it has trained: who trains for a minute need not be heard of five times a second."""


def observer_of(request: RankRequest, world: ProcessGroup, events: EventSender) -> TrainingObserver:
    """Who sees a training on this rank: one of a group is enough."""
    if not world.is_root:
        return TrainingObserver()
    path = request.paths.step_log(request.task["name"])
    log = StepLog(
        path,
        {
            "attempt": request.attempt,
            "strategy": request.strategy,
            "node": request.node,
            "devices": [device["id"] for device in request.devices],
        },
    )
    claim = AttemptClaim.of_task(request.paths, request.task["name"], request.attempt)
    # What the agent hears of is in the log.
    return TrainingObservers(ClaimKeeper(claim), log, AgentReporter(events))


class AgentReporter(TrainingObserver):
    """Tells the agent; for the first rank of a group, since one is enough."""

    def __init__(self, events: EventSender) -> None:
        self._events = events
        self._started_at = self._told_at = 0.0

    def started(self, step: int) -> None:
        self._events.emit({"kind": "started", "step": step})
        self._started_at = self._told_at = time.monotonic()

    def agreed(self, step: int, loss: float | None, step_seconds: float) -> None:
        now = time.monotonic()
        trained = now - self._started_at
        if now - self._told_at >= max(
            _TELL_SECONDS, min(_TELL_MOST_SECONDS, _TELL_SHARE * trained)
        ):
            self._told_at = now
            event: StepEvent = {"kind": "step", "step": step, "stepSeconds": step_seconds}
            if loss is not None:
                event["loss"] = loss if math.isfinite(loss) else None
            self._events.emit_or_drop(event)

    def measured(self, cell: ProfileCell) -> None:
        self._events.emit({"kind": "measured", "cell": cell})

    def validated(self, step: int, metrics: dict[str, float | None]) -> None:
        self._events.emit({"kind": "validated", "step": step, "metrics": metrics})

    def rung(self, step: int, metrics: Metrics, loss: float | None) -> None:
        event: RungEvent = {"kind": "rung", "step": step}
        if metrics:
            event["metrics"] = metrics
        if loss is not None:
            event["loss"] = loss
        self._events.emit(event)

    def saved(self, step: int) -> None:
        self._events.emit({"kind": "checkpoint", "step": step})

    def stopped(self, step: int) -> None:
        self._events.emit({"kind": "stopped", "step": step})

    def finished(self, step: int, result: Result) -> None:
        self._events.emit({"kind": "finished", "step": step, "result": result})


class TrainingObservers(TrainingObserver):
    """Several observers, told one after another; each step's own as well."""

    def __init__(self, *observers: TrainingObserver) -> None:
        self._observers = observers

    def started(self, step: int) -> None:
        for each in self._observers:
            each.started(step)

    def stepped(
        self, workload: Workload, micro_batches: Sequence[MicroBatch], share: torch.Tensor
    ) -> None:
        for each in self._observers:
            each.stepped(workload, micro_batches, share)

    def logged(self, steps: LoggedSteps) -> None:
        for each in self._observers:
            each.logged(steps)

    def agreed(self, step: int, loss: float | None, step_seconds: float) -> None:
        for each in self._observers:
            each.agreed(step, loss, step_seconds)

    def measured(self, cell: ProfileCell) -> None:
        for each in self._observers:
            each.measured(cell)

    def validated(self, step: int, metrics: dict[str, float | None]) -> None:
        for each in self._observers:
            each.validated(step, metrics)

    def rung(self, step: int, metrics: Metrics, loss: float | None) -> None:
        for each in self._observers:
            each.rung(step, metrics, loss)

    def saved(self, step: int) -> None:
        for each in self._observers:
            each.saved(step)

    def stopped(self, step: int) -> None:
        for each in self._observers:
            each.stopped(step)

    def finished(self, step: int, result: Result) -> None:
        for each in self._observers:
            each.finished(step, result)

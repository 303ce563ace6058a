"""What a rank group trains: a task, or several in one run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..fusion import FusedModel
from ..runtime.device import RankDevice
from ..runtime.event_sender import EventSender
from ..runtime.group_orders import GroupOrders
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .attempt_claim import AttemptClaim
from .fused_measurement import FusedMeasurement
from .fused_training import FusedMember, FusedTraining
from .observers import observer_of
from .step_clock import StepClock
from .training_loop import TrainingLoop
from .training_measurement import TrainingMeasurement
from .training_observer import TrainingObserver

if TYPE_CHECKING:
    from ...generated.wire_types import Failure


class GroupTraining:
    """Trains the task of a request, or its tasks in one run.

    Parameters
    ----------
    orders
        What the agent wants of it meanwhile.
    """

    def __init__(
        self,
        request: RankRequest,
        world: ProcessGroup,
        device: RankDevice,
        events: EventSender,
        orders: GroupOrders,
    ) -> None:
        self._request = request
        self._world = world
        self._device = device
        self._events = events
        self._orders = orders

    def run(self) -> None:
        """Train. Raises like `TrainingLoop.run` and `FusedTraining.run`."""
        if self._request.fused:
            self._run_fused()
            return
        observer = observer_of(self._request, self._world, self._events)
        measurement = TrainingMeasurement(
            self._request, self._world, self._device, observer.measured
        )

        def begin(requested_at: float) -> None:
            measurement.requested_at = requested_at

        self._loop(0, self._request, observer, begin, measurement=measurement).run()

    def _run_fused(self) -> None:
        """Train all as one run, in which each tells of itself."""
        model, clock = FusedModel(), StepClock()
        requests = self._request.members
        lines = [self._events.of_task(each.task["name"]) for each in requests]
        observers = [
            observer_of(each, self._world, line) for each, line in zip(requests, lines, strict=True)
        ]
        loops = [
            self._loop(number, each, observer, lambda _: None, fused=model, clock=clock)
            for number, (each, observer) in enumerate(zip(requests, observers, strict=True))
        ]

        def measurement(lead: int, count: int) -> TrainingMeasurement:
            tell, request = observers[lead].measured, requests[lead]
            if count == 1:
                return TrainingMeasurement(request, self._world, self._device, tell)
            base = self._request.base
            return FusedMeasurement(
                request, self._world, self._device, tell, base=base, count=count
            )

        members = [
            FusedMember(loop, partial(_tell_failed, line))
            for loop, line in zip(loops, lines, strict=True)
        ]
        FusedTraining(members, model, self._world, measurement).run()

    def _loop(
        self,
        number: int,
        request: RankRequest,
        observer: TrainingObserver,
        begin: Callable[[float], None],
        **more: Any,
    ) -> TrainingLoop:
        """The loop of one of the tasks, which it has claimed.

        Parameters
        ----------
        begin
            Told when it could begin, in seconds since the epoch.
        """
        world, orders = self._world, self._orders
        claim = AttemptClaim.of_task(request.paths, request.task["name"], request.attempt)
        if not request.held:  # nobody else is to have the task, whoever may think so still
            world.on_root(claim.make)

        def ready() -> None:
            begin(orders.wait(self._events))
            world.on_root(claim.make)

        return TrainingLoop(
            request.workload,
            world,
            self._device,
            steps=request.steps,
            evaluates=request.evaluates,
            rungs=request.rungs,
            keeps=request.keeps,
            checkpoint_seconds=request.checkpoint_seconds,
            step_seconds=request.step_seconds,
            stop_wanted=partial(orders.stop_wanted, number),
            until=partial(orders.until, number),
            ready=ready,
            observer=observer,
            **more,
        )


def _tell_failed(line: EventSender, failure: Failure) -> None:
    line.emit({"kind": "failed", "error": failure})

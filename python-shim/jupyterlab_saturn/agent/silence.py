"""How long a rank group may say nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from .group_limits import Limits
from .run_members import orders_of

if TYPE_CHECKING:
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_order import FusedOrder, RankOrder, TrainOrder

PROGRESS = frozenset({"started", "step", "validated", "rung", "checkpoint", "measured"})
"""Events of a training that goes on."""


class Silence:
    """Waits for the next step of a group, if one is to come.

    Parameters
    ----------
    request
        Of the group.
    broken
        Called with the seconds waited for when it has not come.
    allowed
        Whether saying nothing is in order.

    Attributes
    ----------
    request
        As the parameter; another when it was changed.
    """

    def __init__(
        self,
        request: RankOrder,
        limits: Limits,
        broken: Callable[[float], None],
        *,
        allowed: bool,
    ) -> None:
        self.request = request
        self._limits = limits
        self._broken = broken
        self._allowed = allowed
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, deadline: float | None) -> None:
        """Wait for the first step, from before there are ranks: they may never say a word.

        Tells them in the request how long they may be silent.

        Parameters
        ----------
        deadline
            Seconds that the group has in all.
        """
        request = self.request
        if request["kind"] == "inspect":
            return
        request["silenceSeconds"] = max(self._of_start(), self._of_step(), deadline or 0.0)
        if request["kind"] == "train" and not request.get("held", False):
            self.await_first_step()

    def await_first_step(self) -> None:
        """Wait for it from now on."""
        self._wait(self._of_start())

    def heard(self, event: RankEvent) -> bool:
        """Wait for the next step after an event. What follows the last may take any time.

        Returns whether it tells of a step of a training.
        """
        self.end()
        request, step = self.request, event.get("step")
        if request["kind"] != "train" or event["kind"] not in PROGRESS or not isinstance(step, int):
            return False
        if step < _last_step(orders_of(request).get(event.get("task", ""), request)):
            self._wait(self._of_step())
        return True

    def heard_last_of_one(self, over: bool) -> None:
        """One of several tasks is over: wait for the next step of the others, unless all are."""
        self.end()
        if not over:
            self._wait(self._of_step())

    def end(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _of_start(self) -> float:
        """Seconds for the first step."""
        if self.request["kind"] == "inspect":
            return 0.0
        return max(self._limits.start, self.request.get("patienceSeconds", 0.0))

    def _of_step(self) -> float:
        """Seconds for the next step."""
        request = self.request
        if request["kind"] != "train":
            return 0.0
        steps_take = self._limits.silence_steps * request.get("stepSeconds", 0.0)
        return max(self._limits.silence, steps_take, request.get("patienceSeconds", 0.0))

    def _wait(self, patience: float) -> None:
        if not self._allowed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(patience, self._broken, patience)


def _last_step(request: TrainOrder | FusedOrder) -> int:
    """The step that no other follows: an evaluation there may take any time."""
    steps = request.get("steps", 0)
    return min(steps, request.get("until", steps)) if request.get("evaluates", False) else steps

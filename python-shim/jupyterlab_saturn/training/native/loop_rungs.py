"""The steps after which a task with a loop of its own is compared with others of its sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..run.rungs import RungLosses
from ..run.training_observer import LoggedSteps, TrainingObserver

if TYPE_CHECKING:
    from ...generated.wire_types import Evaluating, Metrics


class LoopRungs:
    """Tells how good a task is by what its loop says: nobody else can evaluate it.

    That is its first evaluation from a rung on; where it makes none, or nobody knows whether it
    does, also its losses, as soon as it is there.

    Parameters
    ----------
    steps
        After which.
    observer
        Is told.
    """

    def __init__(self, steps: Sequence[int], observer: TrainingObserver) -> None:
        self._steps = frozenset(steps)
        self._observer = observer
        self._losses = RungLosses(self._steps)
        self._waits: list[int] = []
        self._evaluates: bool | None = None

    def begin(self, evaluating: Evaluating | None) -> None:
        """It is known how the loop evaluates."""
        self._evaluates = None if evaluating is None else evaluating.get("metrics") != []

    def start(self, step: int) -> None:
        """Go on from a step. Of rungs before it that are asked for, the evaluation is to come."""
        self._waits = [rung for rung in sorted(self._steps) if rung <= step]

    def has(self, step: int) -> bool:
        """Whether the task is compared after a step."""
        return step in self._steps

    def logged(self, steps: LoggedSteps) -> None:
        """Take in what is known of steps."""
        self._losses.add(steps.last, steps.figures)

    def reached(self, step: int, metrics: Metrics | None) -> None:
        """A step was made, of which the loop may have said metrics already."""
        if not self.has(step):
            return
        if metrics is None and self._evaluates is not False:
            self._waits.append(step)
        if metrics is not None or not self._evaluates:
            self._tell(step, metrics or {})

    def evaluated(self, metrics: Metrics) -> None:
        """The loop has evaluated."""
        waits, self._waits = self._waits, []
        for step in waits:
            self._tell(step, metrics)

    def _tell(self, step: int, metrics: Metrics) -> None:
        self._observer.rung(step, metrics, self._losses.mean(step))

"""The steps after which a task is compared with others of its sweep."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from .step_window import StepFigures
from .training_observer import LoggedSteps, TrainingObserver
from .validations import Validations
from .workload import Workload

_WORD_SECONDS = 0.05
"""About as long as it takes to judge a task and to have it stop."""
_LOOKS = 5
"""So often it is looked for in that time."""


class RungLosses:
    """What the training losses before each rung come to: the mean of the latter half of its steps.

    Single batches say little. A task that went on from a checkpoint has what that knew.

    Parameters
    ----------
    rungs
        Steps, each counted from 1.
    """

    def __init__(self, rungs: Collection[int]) -> None:
        self._sums = dict.fromkeys(sorted(rungs), (0.0, 0))

    def add(self, last: int, figures: Sequence[StepFigures]) -> None:
        """Take in steps, of which `last` is the number of the newest."""
        for step, figure in enumerate(figures, last - len(figures) + 1):
            loss = figure.loss
            if loss is None or not math.isfinite(loss):
                continue
            for rung, (total, count) in self._sums.items():
                if rung // 2 < step <= rung:
                    self._sums[rung] = (total + loss, count + 1)

    def mean(self, rung: int) -> float | None:
        """None where no loss was told."""
        total, count = self._sums.get(rung, (0.0, 0))
        return total / count if count else None

    def details(self) -> dict[str, list[float]]:
        """What a checkpoint is to know."""
        return {str(rung): [*sums] for rung, sums in self._sums.items() if sums[1]}

    def recall(self, known: Mapping[str, Sequence[float]]) -> None:
        """Go on from what a checkpoint knew."""
        for rung in self._sums:
            total, count = known.get(str(rung), (0.0, 0))
            self._sums[rung] = (total, int(count))


class Listening:
    """How often ranks agree after a rung, since an order to stop may follow it.

    Nobody waits for that: most go on, and what stops makes a few quick steps more meanwhile. All
    ranks feed it the same numbers.
    """

    def __init__(self) -> None:
        self._until = 0

    def wanted(self, step: int, step_seconds: float, *, compares: bool) -> int | None:
        """Steps to the next agreement; None when that is for others to say.

        Parameters
        ----------
        compares
            Whether this step is a rung.
        """
        word = _WORD_SECONDS / max(step_seconds, 1e-9)
        if compares:
            self._until = step + math.ceil(word)
        return max(1, int(word / _LOOKS)) if step < self._until else None


class Rungs:
    """Tells how good a task is after steps at which it is compared.

    Parameters
    ----------
    steps
        After which; those passed already do not matter.
    observer
        Is told.
    """

    def __init__(self, steps: Sequence[int], observer: TrainingObserver) -> None:
        self._steps = frozenset(steps)
        self._observer = observer
        self.losses = RungLosses(self._steps)

    def has(self, step: int) -> bool:
        """Whether the task is compared after a step."""
        return step in self._steps

    def logged(self, steps: LoggedSteps | None) -> None:
        """Take in what is known of steps; nothing is on all but the first rank."""
        if self._steps and steps is not None:
            self.losses.add(steps.last, steps.figures)

    def tell(self, workload: Workload, validations: Validations) -> None:
        """Tell how good the task is, if it is compared after this step. A collective."""
        if self.has(workload.step):
            metrics = validations.look(workload)
            self._observer.rung(workload.step, metrics, self.losses.mean(workload.step))

"""How good a task was while it trained, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..components.predictions import MetricsFailed
from ..components.side_effects import without_side_effects
from ..runtime.process_group import ProcessGroup
from .best_model import BestModel
from .evaluation_trial import evaluated_modules
from .training_observer import TrainingObserver
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import Failure, Metrics, Validation


class Validations:
    """Evaluates a task on its way, and remembers what came of it. All calls are collectives.

    Parameters
    ----------
    best
        Is offered each model that was evaluated.
    observer
        Is told of each evaluation.

    Attributes
    ----------
    error
        Why an evaluation could be made in part only; the first such.
    """

    def __init__(self, world: ProcessGroup, best: BestModel, observer: TrainingObserver) -> None:
        self._world = world
        self._best = best
        self._observer = observer
        self._known: list[Validation] = []
        self._seen: Validation | None = None
        self.error: Failure | None = None

    @property
    def known(self) -> list[Validation]:
        """All that were made, of earlier attempts as well."""
        return self._known

    def recall(self, workload: Workload, known: Sequence[Validation]) -> None:
        """Go on from those of a checkpoint."""
        self._known = list(known)
        self._best.recall(workload.task, self._known)

    def add(self, workload: Workload) -> None:
        """Evaluate the task as it is."""
        metrics = self.evaluate(workload)
        told = finite(metrics)
        self._known.append({"step": workload.step, "metrics": told})
        self._observer.validated(workload.step, told)
        workload.runner.learning_rate.evaluated(metrics)
        self._best.offer(workload.task, workload.runner, workload.step, metrics)

    def look(self, workload: Workload) -> Metrics:
        """Tell how good the task is by now, unless that was told. What is trained sees no trace."""
        for known in self._known:
            if known["step"] == workload.step:
                return known["metrics"]
        if self._seen is not None and self._seen["step"] == workload.step:
            return self._seen["metrics"]
        with without_side_effects(*evaluated_modules(workload.task)):
            try:
                metrics = finite(workload.evaluate())
            except MetricsFailed as error:
                metrics = finite(error.known)
        self._seen = {"step": workload.step, "metrics": metrics}
        if metrics:
            self._observer.validated(workload.step, metrics)
        return metrics

    def evaluate(self, workload: Workload) -> dict[str, float]:
        """What the task's evaluation says, as far as it can be made."""
        try:
            return workload.evaluate()
        except MetricsFailed as error:
            self.error = self.error or error.failure
            return error.known

    def enough(self, workload: Workload) -> bool:
        """Whether the task's own rule says that this step, just validated, is the last."""
        rule, known = workload.task.stop_early, self._known
        if rule is None or not known or known[-1]["step"] != workload.step:
            return False
        history = [{"step": one["step"], **numbers(one["metrics"])} for one in known]
        return self._world.on_root(lambda: bool(rule(history)))

    def has(self, step: int) -> bool:
        """Whether the task was evaluated after a step."""
        return any(known["step"] == step for known in self._known)


def numbers(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Metrics as they were before JSON had to hold them."""
    return {name: math.nan if value is None else value for name, value in metrics.items()}


def finite(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """As JSON can hold them."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}

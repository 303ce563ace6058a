"""The model of the best evaluation, kept aside while training goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import SaturnError
from ...task import Task
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..techniques import Runner
from .attempt_claim import AttemptClaim
from .checkpoint import Checkpoints

if TYPE_CHECKING:
    from ...generated.wire_types import Criterion, Validation

BEST = "best"
"""Folder of the best models, in that of a task's checkpoints."""


class BestModel:
    """Keeps the weights of the evaluation that was the best so far, if the task wants them.

    The first of equal ones counts, as with the ``Trainer`` of transformers.

    Parameters
    ----------
    identity
        What is trained; see `AtomicCheckpoints`.
    claim
        Of the attempt that trains it; see `AtomicCheckpoints`.

    Attributes
    ----------
    step
        Of that evaluation; None while there is none.
    """

    def __init__(
        self,
        spec: WorkloadSpec,
        identity: str,
        world: ProcessGroup,
        device: RankDevice,
        claim: AttemptClaim,
    ) -> None:
        folder = spec.paths.checkpoints(spec.task["name"]) / BEST
        self._checkpoints = Checkpoints(folder, f"{identity}/{BEST}", world, device, claim)
        self._value: float | None = None
        self.step: int | None = None

    def recall(self, task: Task, validations: Sequence[Validation]) -> None:
        """Take in the evaluations of an earlier run, whose best model is on disk."""
        for each in validations if task.keep_best else ():
            metrics = {n: math.nan if v is None else v for n, v in each["metrics"].items()}
            self._is_better(task, each["step"], metrics)

    def offer(self, task: Task, runner: Runner, step: int, metrics: Mapping[str, float]) -> None:
        """Keep the model of this step, if its evaluation is the best. A collective.

        Raises
        ------
        SaturnError
            ``no-metric`` when the evaluation lacks what tells the best; as `Checkpoints.save`.
        """
        if task.keep_best and self._is_better(task, step, metrics):
            self._checkpoints.save(runner, step, {})

    def restore(self, runner: Runner) -> None:
        """Bring back the best model, if there is one. A collective."""
        if self.step is not None:
            self._checkpoints.resume(runner)

    def _is_better(self, task: Task, step: int, metrics: Mapping[str, float]) -> bool:
        criterion = criterion_of(task)
        assert criterion is not None  # a task that keeps the best says of what
        value = metrics.get(criterion["metric"])
        if value is None:
            raise SaturnError(
                "no-metric",
                f"The best model is to be told by {criterion['metric']!r}, but the evaluation "
                f"gives {', '.join(metrics) or 'nothing'}.",
                "Name one of them as the best.",
            )
        sign = 1 if criterion["goal"] == "max" else -1
        if math.isnan(value) or (self._value is not None and sign * (value - self._value) <= 0):
            return False
        self._value, self.step = value, step
        return True


def criterion_of(task: Task) -> Criterion | None:
    """What a task says makes a model the better one; None when it says nothing.

    Raises
    ------
    SaturnError
        ``bad-task`` when it is not written like ``"accuracy:max"``.
    """
    if task.best is None:
        return None
    metric, colon, goal = str(task.best).rpartition(":")
    if not colon or not metric or goal not in ("max", "min"):
        raise SaturnError(
            "bad-task",
            f"The best is {task.best!r}, which names no metric and goal.",
            'Write e.g. "accuracy:max" or "loss:min".',
        )
    return {"metric": metric, "goal": "max" if goal == "max" else "min"}

"""Stopping when a metric gets no better, as callbacks of libraries do."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...errors import SaturnError


@dataclass(frozen=True)
class EarlyStopping:
    """A rule for `Task.stop_early`, as Hugging Face's ``EarlyStoppingCallback`` is one.

    Attributes
    ----------
    metric
        What is looked at.
    evaluations
        How many in a row that get no better end the training.
    threshold
        What counts as better: by more than this.
    """

    metric: str
    evaluations: int
    threshold: float = 0.0
    greater_is_better: bool = False

    def __call__(self, history: Sequence[Mapping[str, float]]) -> bool:
        """Whether to stop after these evaluations.

        Raises
        ------
        SaturnError
            ``no-metric`` when they lack the metric.
        """
        best: float | None = None
        waited = 0
        for each in history:
            value = _of(each, self.metric)
            better = best is None or self._gain(value, best) > self.threshold
            waited = 0 if better else waited + 1
            if best is None:
                best = -math.inf if self.greater_is_better else math.inf
            best = value if self._gain(value, best) > 0 else best
        return waited >= self.evaluations

    def _gain(self, value: float, best: float) -> float:
        return value - best if self.greater_is_better else best - value


@dataclass(frozen=True)
class Stopping:
    """A rule for `Task.stop_early`, as Lightning's ``EarlyStopping`` callback is one.

    Attributes
    ----------
    callback
        It is asked anew of all evaluations each time, so it keeps nothing from step to step.
    """

    callback: Any

    def __call__(self, history: Sequence[Mapping[str, float]]) -> bool:
        """Whether to stop after these evaluations.

        Raises
        ------
        SaturnError
            ``no-metric`` when they lack the metric.
        """
        callback = copy.copy(self.callback)
        stop = False
        for each in history:
            value = torch.tensor(_of(each, callback.monitor))
            stop, _ = callback._evaluate_stopping_criteria(value)
        return bool(stop)


def _of(evaluation: Mapping[str, float], metric: str) -> float:
    if metric in evaluation:
        return evaluation[metric]
    raise SaturnError(
        "no-metric",
        f"Early stopping looks at {metric!r}, but an evaluation gives "
        f"{', '.join(name for name in evaluation if name != 'step') or 'nothing'}.",
        "Name one of them as the metric that it watches.",
    )

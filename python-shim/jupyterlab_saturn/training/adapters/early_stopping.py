"""Stopping when a metric gets no better, as Hugging Face's ``EarlyStoppingCallback`` does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import SaturnError


@dataclass(frozen=True)
class EarlyStopping:
    """A rule for `Task.stop_early`.

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
            if self.metric not in each:
                raise SaturnError(
                    "no-metric",
                    f"Early stopping looks at {self.metric!r}, but an evaluation gives "
                    f"{', '.join(name for name in each if name != 'step') or 'nothing'}.",
                    "Name one of them as the metric that it watches.",
                )
            value = each[self.metric]
            better = best is None or self._gain(value, best) > self.threshold
            waited = 0 if better else waited + 1
            if best is None:
                best = -math.inf if self.greater_is_better else math.inf
            best = value if self._gain(value, best) > 0 else best
        return waited >= self.evaluations

    def _gain(self, value: float, best: float) -> float:
        return value - best if self.greater_is_better else best - value

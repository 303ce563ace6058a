"""Stopping when a metric gets no better, as Hugging Face's ``EarlyStoppingCallback`` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EarlyStopping:
    """A rule for `Task.stop_early`.

    Attributes
    ----------
    metric
        What is looked at; a run that has none of that name is never stopped.
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
        best: float | None = None
        waited = 0
        for value in (each[self.metric] for each in history if self.metric in each):
            gain = self._gain(value, best)
            waited = 0 if gain > self.threshold else waited + 1
            best = value if best is None or gain > 0 else best
        return waited >= self.evaluations

    def _gain(self, value: float, best: float | None) -> float:
        if best is None:
            return float("inf")
        return value - best if self.greater_is_better else best - value

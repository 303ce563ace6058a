"""Has a training end as soon as a later attempt has its task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attempt_claim import AttemptClaim
from .training_observer import LoggedSteps, TrainingObserver

if TYPE_CHECKING:
    from ...generated.wire_types import Metrics, Result


class ClaimKeeper(TrainingObserver):
    """Notes where an attempt goes on from; raises what `AttemptClaim.require` raises, from then on.

    To be told before others, which write down what they see.
    """

    def __init__(self, claim: AttemptClaim) -> None:
        self._claim = claim

    def started(self, step: int) -> None:
        self._claim.begin_at(step)

    def logged(self, steps: LoggedSteps) -> None:
        self._claim.require()

    def agreed(self, step: int, loss: float | None, step_seconds: float) -> None:
        self._claim.require()

    def validated(self, step: int, metrics: dict[str, float | None]) -> None:
        self._claim.require()

    def rung(self, step: int, metrics: Metrics, loss: float | None) -> None:
        self._claim.require()

    def stopped(self, step: int) -> None:
        self._claim.require()

    def finished(self, step: int, result: Result) -> None:
        self._claim.require()

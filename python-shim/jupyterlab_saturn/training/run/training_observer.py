"""Who sees how a training goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..task.data_order import MicroBatch
from .step_window import StepFigures
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import Metrics, ProfileCell, Result


@dataclass(frozen=True, kw_only=True)
class LoggedSteps:
    """Steps made since the ranks agreed last.

    Attributes
    ----------
    last
        Number of the last one, counted from 1.
    ended_at
        When that was made, in seconds since the epoch.
    figures
        Of each, in their order.
    step_seconds
        Mean time of one.
    samples
        Of the batch of a step; None where that is not known.
    peak_bytes
        Most memory that one device needed since the last checkpoint, or since it began.
    """

    last: int
    ended_at: float
    figures: Sequence[StepFigures]
    step_seconds: float
    samples: int | None
    peak_bytes: int


class TrainingObserver:
    """Sees how a training goes, on one rank. Does nothing: override what is of interest.

    All ranks see the same at the same steps, but for their own `stepped`, and `logged`, which the
    first one sees.
    """

    def started(self, step: int) -> None:
        """The task is built and goes on from a step: 0, or that of its newest checkpoint."""

    def stepped(
        self, workload: Workload, micro_batches: Sequence[MicroBatch], share: torch.Tensor
    ) -> None:
        """A step was made of this rank's part of the batch.

        Parameters
        ----------
        share
            This rank's share of the loss. Reading it waits for the device.
        """

    def logged(self, steps: LoggedSteps) -> None:
        """What is known of the steps that the ranks are about to agree on."""

    def agreed(self, step: int, loss: float | None, step_seconds: float) -> None:
        """The ranks agreed on the loss of a step and the mean time of the last ones.

        Parameters
        ----------
        loss
            None where there is none to tell.
        """

    def measured(self, cell: ProfileCell) -> None:
        """It is known how the task runs: well enough, or by all steps when the training ends."""

    def validated(self, step: int, metrics: dict[str, float | None]) -> None:
        """The task was evaluated before its end; a metric that is no number is None."""

    def rung(self, step: int, metrics: Metrics, loss: float | None) -> None:
        """The task is to be compared with others after this step.

        Parameters
        ----------
        metrics
            Of its evaluation, which `validated` told as well; none where nothing is held out.
        loss
            Of training, smoothed; None where none is known, as on all but the first rank.
        """

    def saved(self, step: int) -> None:
        """A checkpoint was committed."""

    def stopped(self, step: int) -> None:
        """The training ended before the task did."""

    def finished(self, step: int, result: Result) -> None:
        """The task is trained; a wire ``Result``."""

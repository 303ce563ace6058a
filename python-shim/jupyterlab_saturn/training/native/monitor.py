"""What is made of a loop that trains by itself: looked at, tried, or let train."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from ..components.scalars import Scalar, Weighed

if TYPE_CHECKING:
    from ...generated.wire_types import Criterion, Evaluating


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A loop that is about to begin.

    Attributes
    ----------
    steps, steps_per_epoch, samples, batch_size
        As wire ``Inspection`` objects have them.
    logged_batch
        Samples of a step on all ranks together; None where that is not known.
    models
        What it trains, where that is known.
    why_not
        Why it cannot run on a number of devices; None when it may.
    best
        What makes a model the better one, where the loop says it.
    evaluating
        How it evaluates on its way; None where that shows only then.
    warnings
        What the user should know, in sentences.
    """

    steps: int
    steps_per_epoch: int
    samples: int
    batch_size: int
    logged_batch: int | None
    why_not: Callable[[int], str | None]
    models: Sequence[torch.nn.Module] = ()
    best: Criterion | None = None
    evaluating: Evaluating | None = None
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Wish:
    """What a loop is asked to do after a step; the same on all ranks."""

    save: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a loop tells of a step; on the device, if that is where it is.

    Attributes
    ----------
    loss
        Of this rank's part; None where the loop tells none.
    rate
        The learning rate; None where it is not known.
    logged
        What was logged on this rank, by name.
    """

    loss: Scalar | None = None
    rate: Scalar | None = None
    logged: Mapping[str, Weighed] = field(default_factory=dict)


class LoopOver(BaseException):
    """Raised through a loop that is to end here. Not an Exception: loops catch those."""


class Monitor:
    """Told of a loop by whoever follows it. Does nothing: override what is of interest.

    All ranks call it at the same steps. Methods may raise `LoopOver`.
    """

    def begins(self, describe: Callable[[], Loop]) -> None:
        """A loop is about to begin, which `describe` tells of."""

    def started(self, step: int) -> None:
        """So many steps are done already; the next one begins now."""

    def stepped(self, step: int, told: StepReport) -> Wish:
        """A step was made, on this rank's part. Returns what to do now."""
        return Wish()

    def noted(self, step: int, logged: Mapping[str, float], gradient_norm: float | None) -> None:
        """What a loop logs of the step that it told of last, the same on all ranks."""

    def interrupted(self) -> None:
        """What was done since the last step was no part of one, such as an evaluation."""

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        """The model was evaluated after a step."""

    def saved(self, step: int) -> None:
        """A checkpoint was committed from which the loop can go on."""

    def stopped(self, step: int) -> None:
        """The loop can go on from this step, and ends here as it was asked to."""
        raise LoopOver


def why_not_divided(
    samples: int, batch: int, devices: int, *, drops_last: bool, hint: str
) -> str | None:
    """Why batches of a loader cannot be divided evenly over devices, the last one included.

    Parameters
    ----------
    hint
        What leaves out the last batch of an epoch.
    """
    if batch % devices != 0:
        return f"a batch of {batch} does not divide evenly over {devices} devices"
    if samples % batch != 0 and not drops_last and devices > 1:
        return (
            f"the last batch of an epoch has {samples % batch} of {batch} samples, and several "
            f"devices would fill it up; {hint} leaves it out"
        )
    return None

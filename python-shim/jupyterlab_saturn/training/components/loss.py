"""The loss of a batch, put together from that of its micro-batches on all ranks."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from ...errors import SaturnError
from ...task import Task
from ..runtime.failure import is_out_of_memory
from ..runtime.process_group import ProcessGroup
from .loss_count import LossCount
from .scalars import LoggedScalars, Means, Scalar


@dataclass
class Mean:
    """A mean as it grows: a total, and by what it is to be divided."""

    total: float = 0.0
    weight: float = 0.0

    def add(self, other: Mean, share: float = 1.0) -> None:
        """Take in a share of what another has taken in."""
        self.total += other.total * share
        self.weight += other.weight * share

    @property
    def value(self) -> float:
        """NaN of nothing."""
        return self.total / self.weight if self.weight else math.nan


@dataclass(frozen=True)
class Loss:
    """What a task's loss says of some samples: a mean, or a sum and what it is to be divided by."""

    value: torch.Tensor
    count: torch.Tensor | float | None

    @property
    def mean(self) -> torch.Tensor:
        """Of these samples alone."""
        return self.value if self.count is None else self.value / self.count

    def over(self, samples: int) -> Mean:
        """As a mean over that many samples, or over what the loss itself counts."""
        if self.count is None:
            return Mean(float(self.value) * samples, samples)
        return Mean(float(self.value), float(self.count))


def outputs_of(task: Task, model: torch.nn.Module, inputs: Any) -> Any:
    """What a task's model makes of inputs. `model` may be wrapped, or a part of it."""
    return model(inputs) if task.forward is None else task.forward(model, inputs)


def evaluate_loss(loss: Callable[[Any, Any], Any], outputs: Any, targets: Any) -> Loss:
    """Call a task's loss.

    Raises
    ------
    SaturnError
        ``bad-loss`` when it returns neither one number nor a pair of sum and count.
    """
    said = loss(outputs, targets)
    value, count = said if isinstance(said, tuple) and len(said) == 2 else (said, None)
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return Loss(value, count)
    kind = (
        f"a tensor of shape {tuple(value.shape)}"
        if isinstance(value, torch.Tensor)
        else f"a {type(value).__name__}"
    )
    raise SaturnError(
        "bad-loss",
        f"The loss is not one number but {kind}.",
        "Return the mean over the samples of the batch, or a pair of their sum and their count.",
    )


def counted_loss(
    task: Task,
    forward: Callable[[], Any],
    targets: Any,
    *,
    counting: bool = True,
    heard: LoggedScalars | None = None,
) -> tuple[Any, Loss]:
    """The outputs of a forward and their loss, with its count where that is known.

    Known are the pairs that a task's loss returns, and the one mean cross entropy that loss or
    model compute.

    Parameters
    ----------
    counting
        Whether a count is wanted that the loss itself does not tell.
    heard
        Is told what is logged meanwhile; nobody when None.
    """
    with LossCount.watching() if counting else nullcontext() as known, heard or nullcontext():
        outputs = forward()
        if heard is not None:
            heard.turn_to_loss()
        loss = evaluate_loss(task.loss, outputs, targets)
    return outputs, _counted(loss, known)


def held_out_loss(task: Task, forward: Callable[[], Any], targets: Any) -> tuple[Any, Loss | None]:
    """As `counted_loss`, of held-out samples; without a loss where it raises.

    Metrics may take targets that the loss cannot.
    """
    with LossCount.watching() as known:
        outputs = forward()
        try:
            loss = evaluate_loss(task.loss, outputs, targets)
        except Exception as error:
            if is_out_of_memory(error) or not task.metrics:
                raise
            return outputs, None
    return outputs, _counted(loss, known)


def _counted(loss: Loss, known: LossCount | None) -> Loss:
    count = known.only if known is not None else None
    if loss.count is not None or count is None:
        return loss
    # A batch may count nothing: its mean is then no number, but its sum is 0.
    nothing = loss.value.new_zeros(())
    return Loss(torch.where(torch.as_tensor(count) > 0, loss.value * count, nothing), count)


class Part:
    """The loss of one rank's part of a batch, as it grows by micro-batches.

    Parameters
    ----------
    counts
        Of what type its counts are, where other ranks may not know that of its losses; as theirs
        when None.

    Attributes
    ----------
    logged
        What was logged beside it.
    """

    def __init__(self, device: torch.device, counts: torch.dtype | None = None) -> None:
        self.logged = Means()
        self._device = device
        self._counts = counts
        self._total: torch.Tensor | None = None
        self._count: torch.Tensor | None = None
        self._sum: Callable[[], torch.Tensor] | None = None  # of all ranks' counts

    def add(
        self, loss: Loss, weight: float, *, counts: bool = True, heard: LoggedScalars | None = None
    ) -> torch.Tensor:
        """Add the loss of some samples. Returns what to differentiate for it.

        Parameters
        ----------
        weight
            What their mean counts in the mean over the batch; 0 when they do not.
        counts
            Whether samples weigh what the loss counts, where it does, instead of `weight`.
        heard
            What was logged of them. In the forward it weighs `weight`, for not all ranks may know
            what the loss counts; in the loss what that weighs.
        """
        own: Scalar = weight
        # An operation on a tensor takes as long as a layer of a small model: none is made in vain.
        if loss.count is None or not counts:
            value = loss.mean if weight == 1.0 else loss.mean * weight
        else:
            value, own = (loss.value, loss.count) if weight > 0 else (loss.value * 0.0, 0.0)
            kind = self._counts or _precise(value).dtype
            counted = torch.as_tensor(own, dtype=kind, device=self._device)
            self._count = counted if self._count is None else self._count + counted
        told = _precise(value.detach())
        self._total = told if self._total is None else self._total + told
        if heard is not None and weight > 0:
            self.logged.add(heard.forward, weight)
            self.logged.add(heard.loss, own)
        return value

    def complete(self, world: ProcessGroup, voice: float) -> None:
        """No more samples come: add up what all ranks count, while gradients are computed.

        A collective.

        Parameters
        ----------
        voice
            What this rank's numbers count in sums over all ranks.
        """
        if self._total is None:
            self._total = torch.zeros((), device=self._device)
        if voice != 1.0:
            self._total = self._total * voice
        if self._count is not None:
            self._sum = world.begin_adding_up(self._count * voice)

    def settle(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """This rank's share of the loss of the batch, and by what gradients are still to be scaled.

        After `complete`. A collective.
        """
        assert self._total is not None
        if self._sum is None:
            return self._total, None
        scale = 1 / self._sum().to(self._total.dtype)
        return self._total * scale, scale


def _precise(value: torch.Tensor) -> torch.Tensor:
    """A number as it is added up: of single precision at least."""
    return value.float() if value.dtype in (torch.bfloat16, torch.float16) else value

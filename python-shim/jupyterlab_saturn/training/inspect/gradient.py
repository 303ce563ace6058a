"""A loss and its gradient, and how far another is from it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


class Gradient:
    """A loss and its gradient by all that is trained.

    Attributes
    ----------
    summed
        Sizes of what was added up to the loss and to each part, in which their rounding errors
        are measured: where parts cancel, more than the size of what is left.
    counted
        Whether it is known what the loss divides by, of all samples.
    written
        Names of trained parameters into which the forward wrote.
    differentiates
        Whether forward or loss computed gradients themselves.
    """

    def __init__(
        self,
        loss: float,
        parts: Sequence[torch.Tensor | None],
        *,
        summed: tuple[float, Sequence[float]],
        counted: bool = False,
        written: Sequence[str] = (),
        differentiates: bool = False,
    ) -> None:
        self.loss = loss
        self.summed = summed
        self.counted = counted
        self.written = list(written)
        self.differentiates = differentiates
        self._parts = parts

    @property
    def used(self) -> list[bool]:
        """By parameter, whether it takes part."""
        return [part is not None for part in self._parts]

    def difference(self, other: Gradient, tolerance: float, floor: float) -> str | None:
        """What is not the same of a batch and, in `other`, of its parts; None when all is.

        Parameters
        ----------
        tolerance
            How far off the loss may be, relatively; gradients of parameters ten times as far.
        floor
            A parameter with a smaller share of the gradient than that is judged as if it had it.
        """
        loss, apart = self.loss, other.loss
        of_loss, of_parts = other.summed
        if not abs(loss - apart) <= tolerance * max(abs(loss), of_loss, 1e-3):
            return f"its loss is {loss:.4g}, but that of its parts together {apart:.4g}"
        size = math.sqrt(sum(norm(part) ** 2 for part in self._parts))
        worst = 0.0
        for mine, theirs, summed in zip(self._parts, other._parts, of_parts, strict=True):
            off = norm(mine if theirs is None else theirs if mine is None else mine - theirs)
            worst = max(worst, off / max(norm(mine), summed, floor * size, 1e-12))
            if not worst <= 10 * tolerance:
                return f"its gradient is not that of its parts together, but {worst:.2g} off"
        return None


def norm(tensor: torch.Tensor | None) -> float:
    """Euclidean; 0 of nothing."""
    return 0.0 if tensor is None else float(tensor.norm())

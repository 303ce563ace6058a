"""A loss and its gradient, and how far another is from it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


class Gradient:
    """A loss and its gradient by all that is trained.

    Attributes
    ----------
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
        counted: bool = False,
        written: Sequence[str] = (),
        differentiates: bool = False,
    ) -> None:
        self.loss = loss
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
        if not abs(loss - apart) <= tolerance * max(abs(loss), 1e-3):
            return f"its loss is {loss:.4g}, but that of its parts together {apart:.4g}"
        size = math.sqrt(sum(_norm(part) ** 2 for part in self._parts))
        worst = 0.0
        for mine, theirs in zip(self._parts, other._parts, strict=True):
            off = _norm(mine if theirs is None else theirs if mine is None else mine - theirs)
            worst = max(worst, off / max(_norm(mine), floor * size, 1e-12))
            if not worst <= 10 * tolerance:
                return f"its gradient is not that of its parts together, but {worst:.2g} off"
        return None


def _norm(tensor: torch.Tensor | None) -> float:
    return 0.0 if tensor is None else float(tensor.norm())

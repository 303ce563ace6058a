"""By what losses divide: so that a batch cut into parts has the loss of the whole.

A cross entropy with ``ignore_index`` or class weights is a mean over what is in front of it. Means
of parts do not average to the mean of the whole, unless each is weighed by what it divided by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn._reduction

_MEAN = torch.nn._reduction.get_enum("mean")


class LossCount:
    """What the mean cross entropies divide by that are computed while it watches.

    Attributes
    ----------
    counts
        A number of each, on the device.
    """

    def __init__(self) -> None:
        self.counts: list[torch.Tensor | float] = []

    @property
    def only(self) -> torch.Tensor | float | None:
        """Of the one that was computed; None when there was none, or more of them."""
        return self.counts[0] if len(self.counts) == 1 else None

    @classmethod
    @contextmanager
    def watching(cls) -> Iterator[LossCount]:
        """Within it, cross entropies and negative log likelihoods are counted on this thread.

        They are watched where Python hands them over to C++, below all that imports them by any
        name; it costs nothing else.
        """
        global _watching
        before, _watching = _watching, cls()
        try:
            yield _watching
        finally:
            _watching = before


_watching: LossCount | None = None


def _counting(compute: Callable[..., Any]) -> Callable[..., Any]:
    def counted(
        input: torch.Tensor,
        target: torch.Tensor,
        weight: torch.Tensor | None = None,
        reduction: int = _MEAN,
        ignore_index: int = -100,
        *rest: Any,
    ) -> Any:
        result = compute(input, target, weight, reduction, ignore_index, *rest)
        if _watching is not None and reduction == _MEAN and not torch.compiler.is_compiling():
            _watching.counts.append(_divisor(input, target, weight, ignore_index))
        return result

    return counted


@torch.no_grad()
def _divisor(
    input: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None, ignored: int
) -> torch.Tensor | float:
    if target.is_floating_point():  # probabilities of classes
        return input.numel() / input.shape[1 if input.dim() > 1 else 0]
    counts = target.ne(ignored)
    if weight is None:
        return counts.sum()
    return (weight[target.where(counts, 0)] * counts).sum()


# Replaced for good, since ranks train on one thread and `_watching` says when to look.
for _name in ("cross_entropy_loss", "nll_loss_nd"):
    setattr(torch._C._nn, _name, _counting(getattr(torch._C._nn, _name)))

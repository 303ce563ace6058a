"""Whether gradients wait for more of their step: a checkpoint of that moment would lose them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import torch

_MOST = 64  # items that are waited for an optimizer that has made no step yet


class GradientAccumulation:
    """Follows the optimizers of a loop, which may step after several of its items only."""

    def __init__(self) -> None:
        self._idle: weakref.WeakKeyDictionary[torch.optim.Optimizer, int] = (
            weakref.WeakKeyDictionary()
        )
        self._longest: weakref.WeakKeyDictionary[torch.optim.Optimizer, int] = (
            weakref.WeakKeyDictionary()
        )
        self._items = 0
        self._waits_since: int | None = None

    def made(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer was made."""
        self._idle[optimizer] = -1

    def stepped(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """An optimizer has made a step."""
        waited = self._idle.get(optimizer, 0) + 1
        self._longest[optimizer] = max(waited, self._longest.get(optimizer, 0))
        self._idle[optimizer] = -1

    def next_item(self) -> None:
        """Another item of the loop begins."""
        self._items += 1
        for optimizer, idle in list(self._idle.items()):
            self._idle[optimizer] = idle + 1

    def delays(self) -> bool:
        """Whether a checkpoint that is offered now is to be left for the next that is.

        A loop may offer some amid gradients only, as with ``if i % 100 == 0``. Then one without
        them is better than none.
        """
        if not self.is_open():
            self._waits_since = None
            return False
        if self._waits_since is None:
            self._waits_since = self._items
        if self._items - self._waits_since < 2 * max(self._longest.values(), default=_MOST):
            return True
        self._waits_since = None
        return False

    def is_open(self) -> bool:
        """Whether an optimizer has gradients that it has not taken, and is likely to."""
        taken = {
            id(p) for optimizer, idle in self._idle.items() if idle < 0 for p in _of(optimizer)
        }
        return any(
            0 <= idle < 2 * self._longest.get(optimizer, _MOST)
            and any(id(p) not in taken and _has_gradient(p) for p in _of(optimizer))
            for optimizer, idle in list(self._idle.items())
        )


def _of(optimizer: torch.optim.Optimizer) -> Iterator[torch.Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]


def _has_gradient(parameter: torch.Tensor) -> bool:
    gradient = parameter.grad
    if gradient is None:
        return False
    return gradient._nnz() > 0 if gradient.is_sparse else bool(gradient.count_nonzero())

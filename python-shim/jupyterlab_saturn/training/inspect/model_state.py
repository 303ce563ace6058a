"""What of a model a forward may change: buffers, parameters and attributes, as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..components.batch_norm import batch_norms

_MOST_COPIED = 1 << 28
"""Parameters beyond so many are not copied: checkpoints notice themselves if frozen ones change."""


class ModelState:
    """A copy of what a model's forward may change, to see what it did and to undo it."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        taken = {id(b) for layer in batch_norms(model) for b in layer.buffers()}
        self._tensors = {**dict(model.named_buffers()), **_copied(model)}
        self._statistics = {n for n, tensor in self._tensors.items() if id(tensor) in taken}
        self._values = {n: tensor.detach().clone() for n, tensor in self._tensors.items()}
        self._buffers = [(module, dict(module._buffers)) for module in model.modules()]
        self._attributes = [(n, m, dict(vars(m))) for n, m in model.named_modules()]

    def changes(self) -> dict[str, torch.Tensor]:
        """What differs, by name; without the statistics of batch normalisation."""
        now = {**dict(self._model.named_buffers()), **dict(self._model.named_parameters())}
        return {
            name: now[name].detach().clone()
            for name, value in self._values.items()
            if name in now and name not in self._statistics and not same(now[name], value)
        }

    def where(self) -> str:
        """Which attributes of the model have other values."""
        names = [
            f"{path}.{key}" if path else key
            for path, module, before in self._attributes
            for key, value in vars(module).items()
            if not key.startswith("_") and value is not before.get(key)
        ]
        return f"the model's {', '.join(names[:3])}" if names else "the model or the loss"

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Afterwards all that checkpoints hold is as it was, and attributes as they became."""
        try:
            yield
        finally:
            for module, buffers in self._buffers:
                module._buffers.update(buffers)
            with torch.no_grad():
                for name, tensor in self._tensors.items():
                    if not same(tensor, self._values[name]):
                        tensor.data = self._values[name].clone()


def same(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are equal in each element."""
    return tensor.shape == other.shape and torch.equal(tensor, other)


@contextmanager
def without_batch_statistics(model: nn.Module) -> Iterator[None]:
    """Within it, layers of batch normalisation are in evaluation mode.

    Their statistics are taken over all parts of a batch anyway.
    """
    normalising = [layer for layer in batch_norms(model) if layer.training]
    for layer in normalising:
        layer.eval()
    try:
        yield
    finally:
        for layer in normalising:
            layer.train()


def _copied(model: nn.Module) -> dict[str, nn.Parameter]:
    """Parameters that are few enough, the frozen ones rather than those that are trained."""
    found: dict[str, nn.Parameter] = {}
    left = _MOST_COPIED
    for trained in (False, True):
        some = {n: p for n, p in model.named_parameters() if p.requires_grad is trained}
        left -= sum(p.numel() for p in some.values())
        if left >= 0:
            found |= some
    return found

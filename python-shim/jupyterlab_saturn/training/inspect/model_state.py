"""What of a model a forward may change, as it was at first."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten

from ..components.batch_norm import batch_norms

_MOST_COPIED = 1 << 28
"""Parameters beyond so many are not copied: checkpoints notice themselves if frozen ones change."""


class ModelState:
    """Buffers, parameters, extra state and attributes of a model as they are now."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        taken = {id(b) for layer in batch_norms(model) for b in layer.buffers()}
        self._tensors = {**dict(model.named_buffers()), **_copied(model)}
        self._statistics = {n for n, tensor in self._tensors.items() if id(tensor) in taken}
        self._values = {n: tensor.detach().clone() for n, tensor in self._tensors.items()}
        self._extra = {
            name: (module, copy.deepcopy(module.get_extra_state()))
            for name, module in model.named_modules()
            if type(module).get_extra_state is not nn.Module.get_extra_state
        }
        self._buffers = [(module, dict(module._buffers)) for module in model.modules()]
        self._attributes = [(n, m, dict(vars(m))) for n, m in model.named_modules()]

    def changes(self) -> dict[str, Any]:
        """What differs, by name; without the statistics of batch normalisation."""
        now = {**dict(self._model.named_buffers()), **dict(self._model.named_parameters())}
        changed: dict[str, Any] = {
            name: now[name].detach().clone()
            for name, value in self._values.items()
            if name in now and name not in self._statistics and not alike(now[name], value)
        }
        for name, (module, value) in self._extra.items():
            extra = module.get_extra_state()
            if not alike(extra, value):
                changed[f"the extra state of {name or 'the model'}"] = copy.deepcopy(extra)
        return changed

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
                    if not alike(tensor, self._values[name]):
                        tensor.data = self._values[name].clone()
            for module, value in self._extra.values():
                if not alike(module.get_extra_state(), value):
                    module.set_extra_state(copy.deepcopy(value))


def alike(one: Any, other: Any) -> bool:
    """Whether two tensors, or two things with tensors in them, have the same values."""
    leaves, form = tree_flatten(one)
    others, other_form = tree_flatten(other)
    return form == other_form and all(map(_same, leaves, others))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and torch.equal(one, other)
    try:
        return bool(one == other) or pickle.dumps(one) == pickle.dumps(other)
    except Exception:  # arrays have no truth, and some objects no pickle
        return False


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

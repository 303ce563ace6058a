"""Looking at how a task's modules work, without a trace of it left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from .seeding import undisturbed


@contextmanager
def without_side_effects(*roots: nn.Module) -> Iterator[None]:
    """Leave modules and the global generators as they were, whatever is run meanwhile.

    That is their buffers, their modes, and what they remember of a forward in attributes or in
    dictionaries, lists and sets of their own: made of tensors without numbers, it would spoil the
    next forward. Gradients are not looked after, nor are parameters, but for those of a module
    with a ``train`` of its own, which may merge others into them.
    """
    modules = list(dict.fromkeys(module for root in roots for module in root.modules()))
    attributes = [(vars(module), dict(vars(module))) for module in modules]
    inner = [
        (value, value.copy())
        for _, own in attributes
        for name, value in own.items()
        # Which tensors stand for its parameters is for those who shard them to say.
        if isinstance(value, dict | list | set) and name != "_parameters"
    ]
    tensors = [(tensor, tensor.detach().clone()) for tensor in _changing(modules)]
    remembered = [
        (value, value._version, value.clone())
        for _, own in attributes
        for value in own.values()
        if type(value) is torch.Tensor and not (value.requires_grad or value.is_inference())
    ]
    try:
        with undisturbed():
            yield
    finally:
        for container, before in [*attributes, *inner]:
            container.clear()
            if isinstance(container, list):
                container.extend(before)
            else:
                container.update(before)
        with torch.no_grad():
            for tensor, values in tensors:
                tensor.copy_(values)
            for tensor, version, values in remembered:
                if tensor._version != version:
                    tensor.copy_(values)


def _changing(modules: Sequence[nn.Module]) -> Iterator[torch.Tensor]:
    """What modules may change without being trained."""
    for module in modules:
        yield from module.buffers(recurse=False)
        if type(module).train is not nn.Module.train or type(module).eval is not nn.Module.eval:
            yield from module.parameters(recurse=False)

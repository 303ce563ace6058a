"""Looking at how a task's model works, without a trace of it left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from .seeding import undisturbed


@contextmanager
def without_side_effects(model: nn.Module) -> Iterator[None]:
    """Leave a model and the global generators as they were, whatever is run meanwhile.

    That is the model's buffers, its modes, and what it remembers of a forward in attributes or in
    dictionaries, lists and sets of its own: made of tensors without numbers, it would spoil the
    next forward. Gradients and parameters are not looked after.
    """
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    attributes = [(vars(module), dict(vars(module))) for module in model.modules()]
    inner = [
        (value, value.copy())
        for _, own in attributes
        for value in own.values()
        if isinstance(value, dict | list | set)
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
            for buffer, values in buffers:
                buffer.copy_(values)

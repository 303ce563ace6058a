"""One forward of a task's model on a few samples, watched operation by operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ...task import Task
from ..batch import pair
from ..data import Samples
from ..loss import Loss, evaluate_loss

_SAMPLES = 2  # one is too few for batch normalisation


def rehearse(task: Task, watch: TorchDispatchMode) -> tuple[Any, Loss]:
    """Run a task's forward and loss as in training, and leave no trace of it.

    Parameters
    ----------
    watch
        Sees every operation below autograd, so nothing escapes it by ``detach``.

    Returns
    -------
    tuple[Any, Loss]
        The model's outputs and their loss.
    """
    count = min(_SAMPLES, task.batch_size)
    inputs, targets = pair(Samples(task.data, task.collate, 0).batch(range(count)))
    model = task.model
    with _unchanged(model), watch:
        outputs = model(inputs) if task.forward is None else task.forward(model, inputs)
        return outputs, evaluate_loss(task.loss, outputs, targets)


def memory(tensor: torch.Tensor) -> int:
    """What tensors have in common that are views of the same memory."""
    return int(tensor.untyped_storage()._cdata)


def tensors_of(value: Any) -> list[torch.Tensor]:
    """The tensors in nested arguments."""
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    if not model.training:
        model.train()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            yield
    finally:
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        for module, mode in modes:
            module.training = mode

"""A task's forward and loss on a few samples, seen operation by operation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ...task import Task
from ..components.loss import Loss, counted_loss, outputs_of
from ..components.nested_tensors import pair
from ..components.side_effects import without_side_effects
from ..task.epoch_order import first_batch
from ..task.samples import Samples

T = TypeVar("T")
Run = Callable[[TorchDispatchMode], tuple[Any, Loss]]
"""Runs forward and loss under a mode that sees every operation, below autograd."""

_SAMPLES = 2  # one is too few for batch normalisation


class Unfit(Exception):
    """What was seen is not what is looked for."""


def watch(task: Task, look: Callable[[Run], T]) -> T:
    """Look at how a task's model works in training, and leave no trace of it.

    Without numbers, which takes no time; with numbers when the model looks at some.

    Parameters
    ----------
    look
        ``look(run)`` calls ``run(mode)`` once, which returns the model's outputs and their loss.

    Raises
    ------
    Unfit
        As `look` does; also when the model cannot be run on two samples of its data.
    """
    try:
        return look(lambda mode: _run(task, mode, FakeTensorMode(allow_non_fake_inputs=True)))
    except Unfit:
        raise
    except Exception:  # of whatever kind: it is told with numbers, if it is more than their lack
        try:
            return look(lambda mode: _run(task, mode, nullcontext()))
        except Unfit:
            raise
        except Exception as error:
            raise Unfit(
                f"the model cannot be watched at work: {type(error).__name__}: {error}"
            ) from error


def memory(tensor: torch.Tensor) -> int:
    """What tensors have in common that are views of the same memory."""
    return int(tensor.untyped_storage()._cdata)


def reserve(tensor: torch.Tensor) -> StorageWeakRef:
    """While this is kept, `memory` of no other tensor is the same, though it may be freed."""
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]


def tensors_of(value: Any) -> list[torch.Tensor]:
    """The tensors in nested arguments."""
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def _run(task: Task, mode: TorchDispatchMode, numbers: Any) -> tuple[Any, Loss]:
    with without_side_effects(task.model), torch.no_grad():
        if not task.model.training:
            task.model.train()
        samples = Samples(task.data, task.collate, 0)
        inputs, targets = pair(samples.batch(first_batch(task, samples.count)[:_SAMPLES]))
        with numbers, mode:
            return counted_loss(task, lambda: outputs_of(task, task.model, inputs), targets)

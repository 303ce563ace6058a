"""What a task writes to disk at most before it frees anything of it."""

from __future__ import annotations

import torch

from ...task import Task
from .dry_run import DryRun

_MOMENTS = 2


def saved_bytes(task: Task, found: DryRun | None) -> int:
    """Bytes of a checkpoint, and of the model that is left at the end.

    Frozen parameters are in no checkpoint, unless something else changes them; that is known only
    once it has, and looked at then.

    Parameters
    ----------
    found
        Tells the state of the optimizer; when None, it is taken for that of Adam.
    """
    model = task.model
    frozen = {n for n, p in model.named_parameters(remove_duplicate=False) if not p.requires_grad}
    sizes = {
        name: value.numel() * value.element_size()
        for name, value in model.state_dict().items()
        if isinstance(value, torch.Tensor)  # the extra state of a module may be anything
    }
    kept = sum(size for name, size in sizes.items() if name not in frozen)
    optimizer = _MOMENTS * kept if found is None else found.footprint.optimizer
    checkpoint = kept + optimizer
    if task.keep_best:
        checkpoint *= 2  # that of the best evaluation may be written after the same step
    left = sum(sizes.values())
    return checkpoint + left + (kept if frozen else 0)  # its weights alone, beside the model

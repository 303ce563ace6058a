"""Blocks computed again in the backward, instead of keeping all that they made in the forward."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint

from ...task import Task
from ..model.blocks import find_blocks
from .context import Knobs
from .technique import Choice


def _again(block: nn.Module) -> Callable[..., Any]:
    """`checkpoint`, for what a block does."""

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _buffers_aside(block)

    changes = any(True for _ in block.buffers())
    options: dict[str, Any] = {"context_fn": contexts} if changes else {}
    return functools.partial(checkpoint, use_reentrant=False, **options)


@contextmanager
def _buffers_aside(block: nn.Module) -> Iterator[None]:
    """Let a forward change copies of the buffers, as it has changed them once already."""
    own = [(module, dict(module._buffers)) for module in block.modules()]
    for module, buffers in own:
        for name, buffer in buffers.items():
            if buffer is not None:
                module._buffers[name] = buffer.clone()
    try:
        yield
    finally:
        for module, buffers in own:
            module._buffers.update(buffers)


def checkpoint_blocks(task: Task) -> None:
    """Have the blocks of a task's model keep their inputs only.

    The backward runs a block's forward again, from the random state of the first time: dropout
    draws the same mask, and hooks round the block, which gather its parameters or seed it, are
    not run anew. Modules and parameters keep their names.
    """
    for block in find_blocks(task.model, task.blocks):
        if hasattr(block, "gradient_checkpointing"):
            # A layer of transformers: it knows to leave out its cache, which would grow twice.
            vars(block).update(
                gradient_checkpointing=True, _gradient_checkpointing_func=_again(block)
            )
        else:
            vars(block)["forward"] = functools.partial(_again(block), block.forward)


def checkpointed(technique: str, task: Task, knobs: Knobs) -> list[Choice]:
    """The choice of `knobs` with ``checkpointing``, for where it does not fit without.

    None for a model without blocks.
    """
    if not find_blocks(task.model, task.blocks):
        return []
    return [Choice(knobs={**knobs, "checkpointing": True}, instead_of=(technique, knobs))]

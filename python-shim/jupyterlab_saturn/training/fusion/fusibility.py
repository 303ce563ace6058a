"""Whether a task can be trained in one run with others, as far as it can be seen."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from ...task import Task, by_keyword, loss_of_model
from .adapter_sites import NotFused

_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")


def require_fusible(task: Task) -> None:
    """Check what of a task but its adapters stands against a forward with others.

    Raises
    ------
    NotFused
        With the first reason.
    """
    if task.precision == "float16":
        raise NotFused("float16 scales the loss, and the scale is of one task")
    if task.exact_random:
        raise NotFused("exact_random draws by block, and the blocks work on all tasks at once")
    if task.before_step is not None:
        raise NotFused("something of its own is called before each step")
    if task.forward is not None and task.forward is not by_keyword:
        raise NotFused(
            "its model is not simply called: the loss is computed as a whole, by its Trainer or "
            "a forward of its own, over all samples that it gets"
        )
    if task.loss is loss_of_model:
        raise NotFused("its model computes the loss itself, over all samples that it gets")
    _require_apart(task.model)


def _require_apart(model: nn.Module) -> None:
    """Check that a model works on each sample alone."""
    config: Any = getattr(model, "config", None)
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    for name in _EXPERTS:
        if getattr(text, name, 0):
            raise NotFused("it routes to experts, among which all samples would be spread")
    for name, module in model.named_modules():
        if getattr(module, "_compiled_call_impl", None) is not None:
            raise NotFused("it is compiled, with its own adapter alone")
        if _draws_anew(module):
            raise NotFused("its gradient checkpointing draws other numbers in the backward")
        if isinstance(module, _BatchNorm) and module.training:
            raise NotFused(f"{name} normalises over the samples of a batch")
        if isinstance(module, _DropoutNd) and type(module) is not nn.Dropout and module.p > 0:
            raise NotFused(f"{name} is a {type(module).__qualname__}, which draws for all at once")


def _draws_anew(module: nn.Module) -> bool:
    """Whether its checkpointing does not keep where generators were, as transformers has it."""
    again: Any = getattr(module, "_gradient_checkpointing_func", None)
    return not (getattr(again, "keywords", None) or {}).get("preserve_rng_state", True)

"""What of a model and its optimizer is kept in checkpoints, by the names of the plain model."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from .frozen_parameters import named_in_full

EXTRA_STATE = "_extra_state"
"""What keys of a state dict end with that are of `get_extra_state`."""

_SETTINGS = "param_groups."

# Keys by parameter name instead of by position, so that a state fits any technique's optimizer.
_FLAT = StateDictOptions(flatten_optimizer_state_dict=True)


def model_state(
    module: nn.Module, left_out: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers by name, and the extra state of modules by theirs. A collective."""
    weights: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in get_model_state_dict(module).items():
        if name.endswith(EXTRA_STATE):
            extra[name.removesuffix(EXTRA_STATE).removesuffix(".")] = value
        elif name not in left_out:
            weights[name] = value
    return weights, extra


def restore_model(module: nn.Module, weights: Mapping[str, Any]) -> None:
    """Take over parameters and buffers; those left out stay as they are. A collective."""
    set_model_state_dict(module, dict(weights), options=StateDictOptions(strict=False))


def optimizer_state(module: nn.Module, optimizer: torch.optim.Optimizer) -> Mapping[str, Any]:
    """What an optimizer knows, its state made first where no step was taken. A collective."""
    if not any(group["params"] for group in optimizer.param_groups):
        return {}  # a part of a model may have nothing to train
    if not optimizer.state:
        # Then it is made by a step with gradients of zero, which must not count as one.
        if isinstance(optimizer, torch.optim.SparseAdam):  # which takes no other
            _step_with_nothing(optimizer)
        get_optimizer_state_dict(module, optimizer, options=_FLAT)
        for made in optimizer.state.values():
            if "step" in made:
                made["step"] = made["step"] * 0
    return get_optimizer_state_dict(module, optimizer, options=_FLAT)


def _step_with_nothing(optimizer: torch.optim.Optimizer) -> None:
    """A step of sparse gradients in which there is nothing."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    before = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter, layout=torch.sparse_coo)
    optimizer.step()
    for parameter, gradient in zip(parameters, before, strict=True):
        parameter.grad = gradient


def restore_optimizer(
    module: nn.Module, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> None:
    """Take over what `optimizer_state` told. A collective."""
    if state:
        set_optimizer_state_dict(module, optimizer, dict(state), options=_FLAT)


def settings_in(state: Mapping[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What of an optimizer's state is as its task says it, and no step has changed.

    That is what the optimizer is made with, and what a schedule has put there. What optimizers
    keep beside it as they step (schedule-free ones do) is none of it.
    """
    takers = [vars(made).get("__init__") for made in type(optimizer).__mro__]
    said = {name for take in takers if take for name in inspect.signature(take).parameters}
    kept = optimizer.defaults.keys() - said
    return {
        name: value.clone() if isinstance(value, torch.Tensor) else value
        for name, value in state.items()
        if name.startswith(_SETTINGS) and name.rpartition(".")[2] not in kept
    }


def full_weights(module: nn.Module, *, is_root: bool) -> dict[str, torch.Tensor]:
    """The plain model's state dict on the CPU, on rank 0; empty elsewhere. A collective."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights = dict(get_model_state_dict(module, options=options))
    if not is_root:
        return {}
    first: dict[int, str] = {}  # tied parameters are one tensor, as libraries write them
    for name, parameter in named_in_full(module).items():
        weights[name] = weights[first.setdefault(id(parameter), name)]
    return weights  # type: ignore[return-value]

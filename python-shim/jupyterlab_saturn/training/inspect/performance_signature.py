"""The performance signature of a task: what its speed and memory depend on."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable
from types import CodeType
from typing import Any

import torch

from ...task import Task
from ..components.nested_tensors import shapes
from ..components.optimizer_factory import make_optimizer

_FREE = ("lr", "weight_decay")  # settings of an optimizer that cost nothing


def signature(task: Task, batch: Any) -> str:
    """A digest that is equal for tasks which run at equal speed on equal devices.

    It covers the structure of the model with the code and plain settings of its modules, shapes
    and types of parameters and of a batch, how batches are cut and loaded, the kind of optimizer,
    and the code of forward, loss and collate. Learning rate, weight decay, the norm to clip to,
    seed, length and when to validate are left out.

    Parameters
    ----------
    batch
        A collated batch.
    """
    facts = {
        "modules": [_module(name, module) for name, module in task.model.named_modules()],
        "parameters": [
            [name, *_tensor(parameter), parameter.requires_grad]
            for name, parameter in task.model.named_parameters(remove_duplicate=False)
        ],
        "buffers": [[name, *_tensor(buffer)] for name, buffer in task.model.named_buffers()],
        "batch": shapes(batch),
        "batch_size": task.batch_size,
        "optimizer": _optimizer(task),
        "loss": _identity(task.loss),
        "collate": None if task.collate is None else _identity(task.collate),
        "blocks": task.blocks,
        "forward": None if task.forward is None else _identity(task.forward),
        "micro_batches": task.micro_batches,
        "clips": task.clip_norm is not None,
        "precision": task.precision,
        "exact_random": task.exact_random,
        "workers": task.workers,
        # Models of transformers choose their kernels by it, with the same code.
        "attention": getattr(getattr(task.model, "config", None), "_attn_implementation", None),
    }
    text = json.dumps(facts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _module(name: str, module: torch.nn.Module) -> list[Any]:
    settings = {
        key: value
        for key, value in vars(module).items()
        # Numbers of heads or of repeats decide the speed; a rate of dropout does not.
        if isinstance(value, bool | int | str) and not key.startswith("_") and key != "training"
    }
    return [name, _name(type(module)), _code(type(module).forward), settings]


def _tensor(tensor: torch.Tensor) -> list[Any]:
    return [list(tensor.shape), str(tensor.dtype)]


def _optimizer(task: Task) -> list[Any]:
    trained = [(n, p) for n, p in task.model.named_parameters() if p.requires_grad]
    if not trained:
        return []
    optimizer = make_optimizer(task, trained)
    switches = {
        # Whether there is momentum decides the memory, how much does not.
        key: bool(value) if isinstance(value, float) else value
        for key, value in optimizer.defaults.items()
        if value is None or isinstance(value, bool | float | str)
    }
    return [_name(type(optimizer)), {k: v for k, v in switches.items() if k not in _FREE}]


def _identity(function: Callable[..., Any]) -> list[Any]:
    if isinstance(function, functools.partial):
        return ["partial", _identity(function.func), sorted(function.keywords)]
    if isinstance(function, torch.nn.Module):
        return _module("", function)
    if not hasattr(function, "__qualname__"):
        return [_name(type(function)), _code(type(function).__call__)]
    return [_name(function), _code(function)]


def _name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _code(function: Any) -> str:
    """Digest of what a Python function does; empty for one in C."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return "" if code is None else hashlib.blake2b(_bytecode(code), digest_size=8).hexdigest()


def _bytecode(code: CodeType) -> bytes:
    constants = [
        _bytecode(constant).hex() if isinstance(constant, CodeType) else repr(constant)
        for constant in code.co_consts
    ]
    return code.co_code + repr((code.co_names, constants)).encode()

"""What a task has put into PyTorch in place of its functions: modules then do otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import torch

from .function_code import is_own_module

_OWNERS: tuple[Any, ...] = (torch, torch.nn.functional, torch.Tensor)
_ORIGINAL = [(owner, dict(vars(owner))) for owner in _OWNERS]  # before any task's code runs


def monkeypatches() -> Iterator[tuple[str, Any]]:
    """Name and value of what stands in PyTorch by the hand of the user's code.

    What other libraries replace is theirs: it is there once they are loaded, whoever does that.
    """
    for owner, original in _ORIGINAL:
        for name, value in list(vars(owner).items()):
            if value is not original.get(name) and _is_put_there(name, value):
                yield f"{owner.__name__}.{name}", value


def _is_put_there(name: str, value: Any) -> bool:
    if isinstance(value, ModuleType) or not callable(value):
        return False
    # `functools.wraps` does not hide where a function was written.
    written = value.__globals__.get("__name__") if isinstance(value, FunctionType) else None
    origin = written or getattr(value, "__module__", None) or "torch"  # of C has no module
    if origin.partition(".")[0] == "torch":
        # By itself it wraps its functions, under their names, once its compiler is loaded.
        return getattr(value, "__name__", name) != name
    return is_own_module(origin)

"""What a model holds besides its parameters and buffers, as far as its forward may go by it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, SimpleNamespace
from typing import Any

import torch
from torch import nn

from ..components.tensor_bytes import tensor_bytes
from ..model.function_code import qualified
from ..model.step_code import StepCode

_PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device)
_OTHERS = frozenset({"name_or_path", "_name_or_path", "_commit_hash", "peft_config"})
"""Where weights came from, which are compared themselves, and what adapters are each task's own."""
_OF_MODULES = frozenset(vars(nn.Module()))
_LIBRARY = "peft."
_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType, partial)


class HeldSettings:
    """Describes what modules hold as JSON, equal for what is equal wherever it was loaded from.

    Names of folders are left out, as each task may have copied its model into one of its own.
    An object is its class and what it holds; one that hides that, its class alone.
    """

    def __init__(self, code: StepCode) -> None:
        self._code = code
        self._seen: dict[int, Any] = {}

    def module(self, module: nn.Module) -> dict[str, Any]:
        """Attributes of a module that are plain values, collections, tensors or functions."""
        of_library = type(module).__module__.startswith(_LIBRARY)  # each task's own settings
        return {
            key: self.of(value)
            for key, value in vars(module).items()
            if key not in _OTHERS and key not in _OF_MODULES
            if isinstance(value, _PLAIN) or not (of_library or _is_other(value))
        }

    def of(self, value: Any) -> Any:
        """Any value, but for modules: what they are is told elsewhere."""
        if isinstance(value, _PLAIN):
            return "a path" if _is_path(value) else repr(value)
        if isinstance(value, nn.Module | type):
            return qualified(value if isinstance(value, type) else type(value))
        if id(value) in self._seen:
            return ["seen", list(self._seen).index(id(value))]
        self._seen[id(value)] = value
        return [qualified(type(value)), self._held(value)]

    def _held(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return [str(value.dtype), list(value.shape), _numbers(value)]
        if isinstance(value, Enum):
            return value.name
        if isinstance(value, _FUNCTIONS):
            return [getattr(value, "__qualname__", ""), self._code.function(value)]
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple | torch.Size):
            return [self.of(each) for each in value]
        if isinstance(value, set | frozenset):
            return sorted(repr(self.of(each)) for each in value)
        return self._mapping(vars(value)) if hasattr(value, "__dict__") else None

    def _mapping(self, values: Mapping[Any, Any]) -> list[Any]:
        kept = [(repr(key), each) for key, each in values.items() if key not in _OTHERS]
        return [[key, self.of(each)] for key, each in sorted(kept, key=lambda pair: pair[0])]


def _is_other(value: Any) -> bool:
    """Whether it is none of these, and nothing that is made to hold settings."""
    kinds = (torch.Tensor, Mapping, list, tuple, set, frozenset, Enum, SimpleNamespace)
    return not (isinstance(value, (*kinds, *_FUNCTIONS)) or is_dataclass(value))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and value.count("/") > 1 and value.startswith("/")


def _numbers(tensor: torch.Tensor) -> str:
    if tensor.is_meta or tensor.layout != torch.strided:
        return str(tensor.layout)
    whole = tensor.detach().cpu().contiguous()
    return hashlib.blake2b(tensor_bytes(whole), digest_size=12).hexdigest()

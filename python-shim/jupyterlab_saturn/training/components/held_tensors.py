"""Tensors that a task's own functions hold, such as the class weights of a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import partial
from itertools import chain
from types import CellType, FunctionType, MethodType
from typing import Any

import torch
from torch import nn

from ...task import Task
from ..runtime.failure import is_user_file


def place_held(holders: Any, device: torch.device, model: nn.Module) -> None:
    """Move what functions and modules hold to a device, apart from a model and its tensors.

    Found are parameters and buffers of modules, attributes of objects that can be called, those
    of others that their method reads, arguments of partials, defaults, what closures share, and
    globals of the user's own modules.
    Each is replaced where it is held: two closures that share a variable share it afterwards.

    Parameters
    ----------
    holders
        Functions, modules, or containers of some.
    model
        Where it is is for a technique to say.
    """
    kept = chain(model.modules(), model.parameters(), model.buffers())
    _Mover(device, {id(each): each for each in kept}).moved(holders)


def place_functions(task: Task, device: torch.device) -> None:
    """Move to a device what a task's functions hold that are called where its model is."""
    place_held([task.loss, task.forward, task.prediction], device, task.model)


class _Mover:
    def __init__(self, device: torch.device, kept: dict[int, Any]) -> None:
        self._device = device
        self._kept = kept
        self._moved: dict[int, tuple[Any, Any]] = {}  # by id, and what keeps the id taken

    def moved(self, value: Any) -> Any:
        """What takes the place of a value: itself, unless it is a tensor or a tuple with some."""
        if id(value) in self._kept:
            return value
        if id(value) not in self._moved:
            self._moved[id(value)] = (value, value)  # for what holds itself
            self._moved[id(value)] = (value, self._placed(value))
        return self._moved[id(value)][1]

    def _placed(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, nn.Module):
            self._module(value)
        elif isinstance(value, partial):
            parts = (self.moved(value.func), self.moved(value.args), self.moved(value.keywords))
            setting: Any = value
            setting.__setstate__((*parts, vars(value)))
        elif isinstance(value, MethodType):
            self._method(value)
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, dict):
            self._entries(value)
        elif isinstance(value, list):
            value[:] = [self.moved(part) for part in value]
        elif isinstance(value, tuple):
            return self._tuple(value)
        elif callable(value) and not isinstance(value, type) and hasattr(value, "__dict__"):
            self._entries(vars(value))
        return value

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        if type(tensor) not in (torch.Tensor, nn.Parameter) or tensor.device == self._device:
            return tensor
        there = tensor.detach().to(self._device)
        if isinstance(tensor, nn.Parameter):
            return nn.Parameter(there, tensor.requires_grad)
        return there.requires_grad_(tensor.requires_grad)

    def _module(self, module: nn.Module) -> None:
        if not any(id(part) in self._kept for part in module.modules()):
            module.to(self._device)  # some do more than that
        self._entries(vars(module))

    def _method(self, method: MethodType) -> None:
        owner = method.__self__
        self.moved(owner)
        if not callable(owner) and hasattr(owner, "__dict__"):
            held = vars(owner)
            self._entries(held, [name for name in _read(method) if name in held])

    def _function(self, function: FunctionType) -> None:
        for cell in function.__closure__ or ():
            _replace_cell(cell, self.moved)
        if function.__defaults__ is not None:
            function.__defaults__ = self.moved(function.__defaults__)
        if function.__kwdefaults__ is not None:
            self._entries(function.__kwdefaults__)
        if is_user_file(function.__code__.co_filename):
            names = _names(function.__code__)
            self._entries(function.__globals__, [n for n in names if n in function.__globals__])

    def _entries(
        self, entries: MutableMapping[Any, Any], keys: Iterable[Any] | None = None
    ) -> None:
        for key in list(entries) if keys is None else keys:
            there = self.moved(entries[key])
            if there is not entries[key]:
                entries[key] = there

    def _tuple(self, value: tuple[Any, ...]) -> Any:
        parts = [self.moved(part) for part in value]
        if all(there is part for there, part in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


def _replace_cell(cell: CellType, moved: Callable[[Any], Any]) -> None:
    try:
        held = cell.cell_contents
    except ValueError:  # not assigned yet
        return
    there = moved(held)
    if there is not held:
        cell.cell_contents = there


def _read(method: MethodType) -> set[str]:
    """What a method looks up of its object, that which it calls of it included."""
    found: set[str] = set()
    todo: list[Any] = [method.__func__]
    while todo:
        code = getattr(todo.pop(), "__code__", None)
        new = set(_names(code)) - found if code is not None else set()
        found |= new
        todo += [getattr(type(method.__self__), name, None) for name in new]
    return found


def _names(code: Any) -> Iterator[str]:
    """Names that a function's code looks up, that of the functions in it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from _names(constant)

"""What the code of a step reads: functions, and the values that decide how long they take."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch

from .costless_settings import costless_settings
from .function_code import (
    digest,
    is_called,
    is_own,
    own_methods,
    qualified,
    values_read,
    words_of,
)

_PACKAGE = __name__.partition(".")[0]
# Of a class of the user's: what a training step calls.
_ROOTS = ("__call__", "compute_loss", "forward", "training_step")
# A longer collection is told by its length alone; of more objects than this, there are some.
_MOST = 1000


class StepCode:
    """Describes functions and modules by their code and by what it reads.

    Code of the notebook, and of modules beside it, counts with the globals, closures, defaults and
    attributes that it names; installed code by name and code. An attribute or key that no code of
    the step names, such as a learning rate beside a width, is left out.

    Parameters
    ----------
    roots
        Functions, and objects that are called or whose ``forward`` is, of which a step consists.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self._words: set[str] = set()
        self._learn(roots)

    def module(self, name: str, module: torch.nn.Module) -> list[Any]:
        """Class, code and settings of a module, without its submodules."""
        kind = type(module)
        facts: list[Any] = [name, qualified(kind), *self._methods(kind)]
        own = "forward" in vars(module)  # one that is put into the object
        if own:
            facts.append(self.function(vars(module)["forward"]))
        return [*facts, self._settings(module)]

    def function(self, function: Callable[..., Any], *, floats: bool = True) -> Any:
        """A function or callable object.

        Parameters
        ----------
        floats
            Whether the numbers that it reads may decide its speed, as far as they are no integers.
        """
        if isinstance(function, torch.nn.Module):
            return [self.module(name, each) for name, each in function.named_modules()]
        return _Description(self, floats, function).of(function)

    @staticmethod
    def outline(function: Callable[..., Any]) -> list[str]:
        """A function by its own code alone, or a callable object by that of its class."""
        named = function if hasattr(function, "__qualname__") else type(function)
        return [qualified(named), digest(function)]

    def _learn(self, roots: Iterable[Any]) -> None:
        """Note all names and texts in the code of the user's that the roots reach."""
        todo = list(roots)
        seen: dict[int, Any] = {}
        methods: list[tuple[str, Any]] = []
        while todo:
            value = todo.pop()
            if id(value) in seen:
                continue
            seen[id(value)] = value
            if isinstance(value, FunctionType):
                todo += [
                    each for _, each in values_read(value) if callable(each) or is_called(each)
                ]
                if is_own(value):
                    self._words |= {word for word, _ in words_of(value.__code__)}
            elif isinstance(value, MethodType):
                todo += [value.__func__, value.__self__]
            elif isinstance(value, functools.partial):
                todo += [value.func, *value.args, *value.keywords.values()]
            elif isinstance(value, type):
                methods += [(name, each) for name, each in own_methods(value)]
            else:
                methods += [(name, each) for name, each in own_methods(type(value))]
                members = vars(value).values() if hasattr(value, "__dict__") else ()
                todo += [each for each in members if is_called(each)]
            if not todo:
                known = {*_ROOTS, *self._words}
                todo += [each for name, each in methods if name in known and id(each) not in seen]

    def _methods(self, kind: type) -> list[Any]:
        """The methods of a class that a step reaches; only ``forward`` of an installed one."""
        own = sorted({name for name, _ in own_methods(kind) if self.reads(name)})
        if not own:
            return [digest(getattr(kind, "forward", None))]
        describe = _Description(self, True)
        return [[name, describe.of(inspect.getattr_static(kind, name))] for name in own]

    def _settings(self, module: torch.nn.Module) -> dict[str, Any]:
        kind = type(module)
        # By its name a model of transformers tells where it was loaded from.
        left_out = {*costless_settings(kind), "forward", "training", "name_or_path"}
        describe = _Description(self, True)
        settings: dict[str, Any] = {}
        for key, value in vars(module).items():
            if key in left_out or isinstance(value, torch.nn.Module | torch.Tensor):
                continue
            # Numbers of heads or of repeats decide the speed.
            plain = isinstance(value, bool | int | str) and not key.startswith("_")
            number = isinstance(value, float) and not key.startswith("_")
            if plain or (self.reads(key) if is_own(kind) else number):
                settings[key] = describe.of(value)
        return settings

    def reads(self, name: str) -> bool:
        """Whether a step reads what has that name: an attribute, a method or a key."""
        return name in self._words or name in _ROOTS


class _Description:
    """One walk over values, each of which is described once."""

    def __init__(self, code: StepCode, floats: bool, root: Any = None) -> None:
        self._code = code
        self._floats = floats
        self._root = root
        self._seen: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | str | bytes | complex):
            return repr(value)
        if isinstance(value, float):
            return repr(value) if self._floats else "float"
        if id(value) in self._seen or len(self._seen) > _MOST:
            return "seen"
        self._seen[id(value)] = value
        if isinstance(value, torch.Tensor):
            return ["tensor", list(value.shape), str(value.dtype)]
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            return ["method", self.of(value.__func__), self.of(value.__self__)]
        if isinstance(value, staticmethod | classmethod):
            return self.of(value.__func__)
        if isinstance(value, property):
            return self.of(value.fget)
        if isinstance(value, functools.partial):
            keywords = {name: self.of(each) for name, each in sorted(value.keywords.items())}
            return ["partial", self.of(value.func), self._all(value.args), keywords]
        if isinstance(value, ModuleType):
            return ["module", value.__name__]
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple | set | frozenset):
            return self._collection(value)
        if isinstance(value, torch.nn.Module):
            parts = [[name, qualified(type(each))] for name, each in value.named_modules()]
            return [parts, self._all(value.parameters())]
        return self._class(value) if isinstance(value, type) else self._object(value)

    def _all(self, values: Iterable[Any]) -> list[Any]:
        return [self.of(each) for each in values]

    def _function(self, function: FunctionType) -> list[Any]:
        facts = [qualified(function), digest(function)]
        if is_own(function):
            return [*facts, [[name, self.of(each)] for name, each in values_read(function)]]
        # What is the user's of a function of a library is what it was given to call.
        return [*facts, self._all(each for _, each in values_read(function) if is_called(each))]

    def _class(self, kind: type) -> list[Any]:
        members = {name: each for name, each in own_methods(kind) if self._code.reads(name)}
        return [qualified(kind), *([name, self.of(each)] for name, each in sorted(members.items()))]

    def _object(self, value: Any) -> list[Any]:
        kind = type(value)
        members = sorted(vars(value).items()) if hasattr(value, "__dict__") else []
        call = inspect.getattr_static(kind, "__call__", None)
        return [
            self._class(kind),
            self.of(call) if is_own(kind) else digest(call),
            [[name, self.of(each)] for name, each in members if self._tells(value, name, each)],
        ]

    def _tells(self, owner: Any, name: str, value: Any) -> bool:
        """Whether a member of an object may decide how long a step takes."""
        kind = type(owner)
        if is_own(kind):
            return self._code.reads(name)
        if kind.__module__.partition(".")[0] == _PACKAGE:
            return is_called(value)
        if owner is self._root:  # a collator of a library
            plain = isinstance(value, bool | int | str) and not name.startswith("_")
            return plain and "seed" not in name
        return isinstance(value, bool | int | str | float) and self._code.reads(name)

    def _mapping(self, value: Mapping[Any, Any]) -> list[Any]:
        """By the keys that code names, or by all when it names none."""
        named = [key for key in value if isinstance(key, str) and self._code.reads(key)]
        keys = sorted(named or value, key=repr)
        return ["mapping", len(value), [[repr(key), self.of(value[key])] for key in keys[:_MOST]]]

    def _collection(self, values: Any) -> list[Any]:
        if len(values) > _MOST:
            return ["long", len(values)]
        found = self._all(values)
        return sorted(found, key=repr) if isinstance(values, set | frozenset) else found

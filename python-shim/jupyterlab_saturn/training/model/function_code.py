"""Code of functions: whose it is, what it does, and the names and values it reads."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

_PACKAGE = __name__.partition(".")[0]


def is_own(thing: Any) -> bool:
    """Whether a function or class is the user's, not of an installed package."""
    return is_own_module(getattr(thing, "__module__", None) or "")


def is_own_module(name: str) -> bool:
    """Whether the module of a name is the user's."""
    if name == "__main__":
        return True
    if name.partition(".")[0] in (_PACKAGE, "torch", "builtins"):
        return False
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        return module is None
    return not _is_installed(file)


@functools.cache
def _is_installed(file: str) -> bool:
    path = Path(file).resolve()
    return bool(
        {"site-packages", "dist-packages"} & set(path.parts)
        or any(path.is_relative_to(folder) for folder in _installed())
    )


@functools.cache
def _installed() -> tuple[Path, ...]:
    return tuple({Path(sysconfig.get_path(key)).resolve() for key in ("stdlib", "platstdlib")})


def qualified(thing: Any) -> str:
    """Module and name of a function or class."""
    return f"{thing.__module__}.{thing.__qualname__}"


def digest(function: Any) -> str:
    """Digest of what a Python function does; empty for one in C."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return "" if code is None else hashlib.blake2b(_bytecode(code), digest_size=8).hexdigest()


def _bytecode(code: CodeType) -> bytes:
    constants = [_constant(constant) for constant in code.co_consts]
    return code.co_code + repr((code.co_names, constants)).encode()


def _constant(constant: Any) -> str:
    if isinstance(constant, CodeType):
        return _bytecode(constant).hex()
    # The order of a set differs from process to process.
    return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)


def words_of(code: CodeType) -> Iterator[tuple[str, bool]]:
    """Names and texts in code, and whether it is a name."""
    yield from ((name, True) for name in code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from words_of(constant)
        elif isinstance(constant, str):
            yield constant, False
        elif isinstance(constant, tuple):
            yield from ((each, False) for each in constant if isinstance(each, str))


def values_read(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Name and value of the closure variables and defaults of a function, and of its globals when
    it is the user's."""
    if is_own(function):
        names = dict.fromkeys(word for word, is_name in words_of(function.__code__) if is_name)
        known = function.__globals__
        yield from ((name, known[name]) for name in names if name in known)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # the variable is not assigned yet
            continue
    yield from ((str(i), value) for i, value in enumerate(function.__defaults__ or ()))
    yield from sorted((function.__kwdefaults__ or {}).items())


def own_methods(kind: type) -> Iterator[tuple[str, Any]]:
    """Name and function of all methods that classes of the user's give a class."""
    for base in kind.__mro__:
        if is_own(base):
            for name, member in vars(base).items():
                function = getattr(member, "fget", None) or getattr(member, "__func__", member)
                if isinstance(function, FunctionType):
                    yield name, function


def is_called(value: Any) -> bool:
    """Whether code of a library that holds a value may call what is the user's."""
    callables = (FunctionType, MethodType, functools.partial)
    return isinstance(value, callables) or is_own(type(value))

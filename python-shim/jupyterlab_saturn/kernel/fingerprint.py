"""A name for what code does: equal in every kernel, different when the code changes."""

from __future__ import annotations

import copyreg
import hashlib
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any

from .closure_references import imported_names, references
from .module_sources import ModuleSources

_SCALARS = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))
# What Python and its libraries keep in a class for themselves.
_CLASS_PRIVATE = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__annotations__",
        "__annotate__",
        "__abstractmethods__",
        "_abc_impl",
    }
    | {"__firstlineno__", "__static_attributes__", "__parameters__", "__module__", "__slotnames__"}
)


@dataclass(frozen=True)
class Code:
    """What is known of code.

    Attributes
    ----------
    fingerprint
        SHA-256 over code and values, as 64 hexadecimal digits.
    sources
        Files of the modules it takes by name that no installation keeps as they are, and the
        SHA-256 of each.
    packages
        Names of the installed packages it takes.
    texts
        Its string constants.
    """

    fingerprint: str
    sources: Mapping[Path, str]
    packages: Collection[str]
    texts: Collection[str]


def read_code(value: Any, by_value: Iterable[ModuleType] = ()) -> Code:
    """Read code with all it refers to.

    Functions and classes of the notebook, and of the modules `by_value`, count by their code
    (bytecode, constants, names) and by all they refer to; those of other modules by name and by
    the files of these modules, or the version of the package where they are installed; arrays and
    tensors by content; other objects by what ``pickle`` would keep of them. Pickle bytes
    themselves do not do: they hold ids that differ from kernel to kernel.
    """
    walk = _Walk({module.__name__ for module in by_value}, ModuleSources())
    walk.add(value)
    return walk.end()


class _Walk:
    """A walk over an object graph that feeds a hash. Objects seen before count by their number."""

    def __init__(self, by_value: set[str], modules: ModuleSources) -> None:
        self.hash = hashlib.sha256()
        self._modules = modules
        self._texts: set[str] = set()
        self._by_value = by_value
        self._seen: dict[int, int] = {}
        self._alive: list[Any] = []  # keeps temporary objects, so that ids stay unique

    def end(self) -> Code:
        """What was read, with the modules that were met on the way."""
        modules = self._modules
        for name, (_, digest) in sorted(modules.files.items()):
            self._feed("file", name, digest)
        for name, version in sorted(modules.versions.items()):
            self._feed("package", name, version)
        return Code(
            fingerprint=self.hash.hexdigest(),
            sources=dict(modules.files.values()),
            packages=frozenset(modules.versions),
            texts=frozenset(self._texts | modules.texts),
        )

    def add(self, value: Any) -> None:
        kind = type(value)
        if kind in _SCALARS:
            self._feed(kind.__name__, repr(value))
            return
        # Whether equal constants are one object depends on how the code was split into cells.
        if kind is tuple:
            self._feed("tuple", str(len(value)))
            self._add_all(value)
        elif kind is frozenset:
            self._add_set(value)
        elif kind is CodeType:
            self._add_code(value)
        elif id(value) in self._seen:
            self._feed("seen", str(self._seen[id(value)]))
        else:
            self._seen[id(value)] = len(self._seen)
            self._alive.append(value)
            self._add_new(value, kind)

    def _add_new(self, value: Any, kind: type) -> None:
        if kind is list:
            self._feed("list", str(len(value)))
            self._add_all(value)
        elif kind is dict or kind is MappingProxyType:
            self._feed("dict", str(len(value)))
            for pair in value.items():
                self._add_all(pair)
        elif kind is set:
            self._add_set(value)
        elif isinstance(value, FunctionType):
            self._add_named(value, self._add_function)
        elif isinstance(value, type):
            self._add_named(value, self._add_class)
        elif isinstance(value, ModuleType):
            self._add_module(value)
        elif isinstance(value, MethodType):
            self._feed("method")
            self._add_all((value.__func__, value.__self__))
        elif isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, ModuleType):
            self._feed("builtin", f"{value.__module__}.{value.__qualname__}")
        else:
            self._add_object(value)

    def _feed(self, *words: str) -> None:
        for word in words:
            data = word.encode("utf-8", "surrogatepass")
            self.hash.update(f"{len(data)}:".encode())
            self.hash.update(data)

    def _add_all(self, values: Iterable[Any]) -> None:
        for value in values:
            self.add(value)

    def _add_set(self, value: Iterable[Any]) -> None:
        self._feed("set", *sorted(self._apart(item) for item in value))

    def _apart(self, value: Any) -> str:
        walk = _Walk(self._by_value, self._modules)
        walk.add(value)
        return walk.hash.hexdigest()

    def _add_code(self, code: CodeType) -> None:
        self._feed("code", code.co_name, code.co_code.hex(), str(code.co_flags))
        self._feed(*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
        self._add_all(code.co_consts)
        self._texts.update(text for text in code.co_consts if isinstance(text, str))
        for name in imported_names(code):
            self._modules.add(name)

    def _add_named(self, value: Any, add: Callable[[Any], None]) -> None:
        """A function or class: by name when other processes can import it, else by content."""
        name = f"{value.__module__}.{value.__qualname__}"
        if self._is_importable(value):
            self._feed("import", name)
            self._modules.add(value.__module__)
        else:
            self._feed("define", value.__qualname__)
            add(value)

    def _is_importable(self, value: Any) -> bool:
        module = sys.modules.get(value.__module__)
        if module is None or value.__module__ == "__main__" or value.__module__ in self._by_value:
            return False
        found: Any = module
        for part in value.__qualname__.split("."):
            found = getattr(found, part, None)
        return found is value

    def _add_function(self, function: FunctionType) -> None:
        self._add_code(function.__code__)
        for name, value in references(function):
            self._feed("refers", name)
            self.add(value)

    def _add_class(self, kind: type) -> None:
        self._add_all(kind.__bases__)
        for name in sorted(set(vars(kind)) - _CLASS_PRIVATE):
            self._feed("has", name)
            member = vars(kind)[name]
            if isinstance(member, (staticmethod, classmethod)):
                member = member.__func__
            elif isinstance(member, property):
                member = (member.fget, member.fset, member.fdel)
            elif type(member).__name__ in ("getset_descriptor", "member_descriptor"):
                continue
            self.add(member)

    def _add_module(self, module: ModuleType) -> None:
        self._feed("module", module.__name__)
        if module.__name__ not in self._by_value:
            self._modules.add(module.__name__)
        if module.__name__ in self._by_value:
            for name in sorted(name for name in vars(module) if not name.startswith("__")):
                self._feed("has", name)
                self.add(vars(module)[name])

    def _add_object(self, value: Any) -> None:
        content = _array_content(value)
        if content is not None:
            self._feed(*content[0])
            self.hash.update(content[1])
            return
        reduced = _reduced(value)
        if isinstance(reduced, str):
            self._feed("global", reduced)
            return
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        self._feed("object")
        self._add_all((make, arguments, state))
        self._add_all(items or ())
        for pair in pairs or ():
            self._add_all(pair)


def _reduced(value: Any) -> Any:
    """What pickle keeps of an object; only its type when pickle knows no way."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        return reduce(value) if reduce is not None else value.__reduce_ex__(4)
    except Exception:
        return f"{type(value).__module__}.{type(value).__qualname__}"


def _array_content(value: Any) -> tuple[tuple[str, str, str], bytes] | None:
    """Kind, type and shape of an array or tensor, and its bytes; None for anything else.

    Found by what is imported already: code that never imported torch holds no tensor.
    """
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and isinstance(value, numpy.ndarray) and value.dtype != object:
        return ("array", str(value.dtype), str(value.shape)), value.tobytes()
    if torch is not None and isinstance(value, torch.Tensor) and value.layout is torch.strided:
        tensor = value.detach().cpu().contiguous().flatten()
        # As bytes, since NumPy lacks some of torch's types (bfloat16).
        data = bytes(tensor.view(torch.uint8).numpy()) if tensor.numel() else b""
        return ("tensor", str(value.dtype), str(tuple(value.shape))), data
    return None

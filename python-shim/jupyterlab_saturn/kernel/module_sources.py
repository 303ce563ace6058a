"""Modules that code imports by name: their files where people edit them, else their versions."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from ..errors import SaturnError
from .closure_references import IMPORTERS, is_installed

_MOST_FILES = 2000
_OWN = __name__.partition(".")[0]


class ModuleSources:
    """What is imported, followed through the files of editable code, without importing it.

    Attributes
    ----------
    files
        By module name, files that no installation keeps as they are, and their SHA-256: beside the
        notebook, on PYTHONPATH, or of packages installed editable.
    versions
        By name, versions of installed packages.
    texts
        String constants in the files, such as names of environment variables.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[Path, str]] = {}
        self.versions: dict[str, str] = {}
        self.texts: set[str] = set()
        self._seen: set[str] = set()

    def add(self, name: str) -> None:
        """A module, the packages it lies in, and all that they import; nothing if there is none.

        Raises
        ------
        SaturnError
            ``too-many-modules``: more files than anybody edits.
        """
        if name in self._seen or not name:
            return
        self._seen.add(name)
        top, _, rest = name.partition(".")
        if top in sys.stdlib_module_names or top in (_OWN, "__main__"):
            return
        if top in self.versions:
            return
        if rest:
            self.add(name.rpartition(".")[0])
            if top in self.versions:
                return
        spec = _find(name)
        if spec is None:
            return
        places = [spec.origin] if spec.has_location else spec.submodule_search_locations or ()
        if any(place is not None and is_installed(Path(place)) for place in places):
            self.versions[top] = _version(top)
        elif spec.has_location and spec.origin is not None:
            self._add_file(name, Path(spec.origin), spec.submodule_search_locations is not None)

    def _add_file(self, name: str, path: Path, is_package: bool) -> None:
        if len(self.files) == _MOST_FILES:
            raise SaturnError(
                "too-many-modules",
                f"The task imports more than {_MOST_FILES} files that are not installed; the last "
                f"is {path}.",
                "Install the package they belong to, not as editable.",
            )
        try:
            info = path.stat()
            read = _read(path, info.st_mtime_ns, info.st_size)
        except OSError:
            return
        self.files[name] = (path, read.digest)
        self.texts |= read.texts
        package = name if is_package else name.rpartition(".")[0]
        for level, module in read.imports:
            self.add(_absolute(package, level, module))


@dataclass(frozen=True)
class _File:
    digest: str
    imports: Sequence[tuple[int, str]]
    """How many dots, and the name behind them."""
    texts: frozenset[str]


@lru_cache(maxsize=_MOST_FILES)
def _read(path: Path, _modified: int, _size: int) -> _File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if path.suffix != ".py":
        return _File(digest, (), frozenset())
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return _File(digest, (), frozenset())  # importing it says where it is wrong
    nodes = list(ast.walk(tree))
    texts = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return _File(digest, tuple(_imports(nodes)), frozenset(texts))


def _imports(nodes: list[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield node.level, base
            for alias in node.names:  # a module within, perhaps
                yield node.level, f"{base}.{alias.name}" if base else alias.name
        elif isinstance(node, ast.Call) and _name(node.func) in IMPORTERS:
            for given in node.args[:1]:
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    level = len(given.value) - len(given.value.lstrip("."))
                    yield level, given.value[level:]


def _name(function: ast.expr) -> str | None:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def _absolute(package: str, level: int, module: str) -> str:
    if level == 0:
        return module
    parts = package.split(".")
    base = parts[: len(parts) - level + 1]
    return ".".join([*base, module] if module else base)


def _find(name: str) -> ModuleSpec | None:
    """Where a module would come from, without running any code of its own."""
    parent, _, _ = name.rpartition(".")
    try:
        if not parent:
            loaded = getattr(sys.modules.get(name), "__spec__", None)
            if isinstance(loaded, ModuleSpec) and _is_there(loaded):
                return loaded
            return importlib.util.find_spec(name)
        outer = _find(parent)
        places = None if outer is None else outer.submodule_search_locations
        return None if places is None else PathFinder.find_spec(name, list(places))
    except (ImportError, ValueError, AttributeError):
        return None


def _is_there(spec: ModuleSpec) -> bool:
    return not spec.has_location or (spec.origin is not None and Path(spec.origin).exists())


def _version(top: str) -> str:
    try:
        return metadata.version(top)
    except metadata.PackageNotFoundError:
        names = _distributions(tuple(_stamp(entry) for entry in sys.path)).get(top, [])
        return ", ".join(f"{name} {metadata.version(name)}" for name in sorted(set(names)))


@lru_cache(maxsize=1)
def _distributions(_stamps: tuple[float, ...]) -> dict[str, list[str]]:
    """Which distributions bring a package; found again when something was installed."""
    return dict(metadata.packages_distributions())


def _stamp(entry: str) -> float:
    try:
        return Path(entry).stat().st_mtime
    except OSError:
        return 0.0

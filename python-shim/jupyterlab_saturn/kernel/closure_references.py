"""What a function carries along: the names it refers to outside itself."""

from __future__ import annotations

import dis
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

IMPORTERS = frozenset({"import_module", "__import__"})
"""Functions that import what a text names."""
_GLOBAL_OPS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"})


def global_names(code: CodeType) -> list[str]:
    """Names of globals that code, and code nested in it, refers to; in order, each once."""
    names: dict[str, None] = {}
    for instruction in dis.get_instructions(code):
        if instruction.opname in _GLOBAL_OPS:
            names[str(instruction.argval)] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(dict.fromkeys(global_names(constant)))
    return list(names)


def references(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Name and value of every global, closure variable and default of a function."""
    for name in global_names(function.__code__):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # the variable is not assigned yet
            continue
    parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    yield from zip(parameters[len(parameters) - len(defaults) :], defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def notebook_modules(folder: Path) -> list[ModuleType]:
    """Imported modules written in Python in the notebook's folder.

    Training processes need not run in that folder, so such modules travel by value. Installed
    packages do not count, even when their environment lies in the folder.
    """
    folder = folder.resolve()
    own = __name__.partition(".")[0]
    found = []
    for name, module in list(sys.modules.items()):
        if name == "__main__" or name.partition(".")[0] == own:
            continue
        file = getattr(module, "__file__", None)
        if isinstance(module, ModuleType) and file and _is_project_file(file, folder):
            found.append(module)
    return found


def imported_names(code: CodeType) -> list[str]:
    """Modules that code, and code nested in it, imports when it runs; what an imported name is
    may be a module, too."""
    names: dict[str, None] = {}
    if IMPORTERS & set(code.co_names):
        constants = (each for each in code.co_consts if isinstance(each, str))
        names.update(dict.fromkeys(each for each in constants if _is_module_name(each)))
    module = ""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            module = str(instruction.argval)
            names[module] = None
        elif instruction.opname == "IMPORT_FROM":
            names[f"{module}.{instruction.argval}"] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(dict.fromkeys(imported_names(constant)))
    return list(names)


def _is_module_name(text: str) -> bool:
    """Whether a text could name a module, as ``importlib.import_module`` takes it."""
    return all(part.isidentifier() for part in text.split("."))


def is_installed(path: Path) -> bool:
    """Whether a file belongs to Python or to a package installed as it is, not as editable."""
    path = path.resolve()
    if {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(path.is_relative_to(installed) for installed in _installed())


@cache  # a kernel has thousands of modules, and each cell with a task asks for all of them
def _is_project_file(file: str, folder: Path) -> bool:
    if not file.endswith(".py"):
        return False
    return Path(file).resolve().is_relative_to(folder) and not is_installed(Path(file))


@cache
def _installed() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple({Path(paths[key]).resolve() for key in ("stdlib", "platstdlib", "purelib")})

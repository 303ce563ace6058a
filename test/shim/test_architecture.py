"""Who may import whom: the table of ARCHITECTURE.md, for every module of the package."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import jupyterlab_saturn
import pytest

PACKAGE = Path(jupyterlab_saturn.__file__).parent

TEXT = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text("utf-8")

SHARED = (
    "task",
    "loop",
    "scalar_log",
    "paths",
    "user_folders",
    "private_folders",
    "whole_files",
    "wire",
    "errors",
    "patience",
    "plain_text",
    "cuda_errors",
    "nvidia_smi",
    "plugins",
    "technique_catalogue",
    "torch_settings",
)
"""Modules that every room may import."""

OF_ONE_ROOM = {
    "jupyter_server": "server",
    "tornado": "server",
    "torch": "training",
    "optuna": "advisor",
}
"""Packages that one room alone may import."""


def rooms() -> dict[str, tuple[str, ...]]:
    """What each room may import, as ARCHITECTURE.md says."""
    found: dict[str, tuple[str, ...]] = {
        # `session()` and `%load_ext`, when called; `python -m jupyterlab_saturn doctor`
        "": ("kernel", "doctor.command")
    }
    for room, allowed in re.findall(
        r"^\| `python-shim/jupyterlab_saturn/(\w+)` \|.*\| ([^|]*) \|$", TEXT, re.M
    ):
        found[room] = tuple(re.findall(r"`([\w.]+)`", allowed))
    [levels] = re.findall(r"^training +(.+)$", TEXT, re.M)
    behind: tuple[str, ...] = ()
    for level in reversed(levels.split(" > ")):
        names = tuple(f"training.{name}" for name in level.split())
        found |= dict.fromkeys(names, behind)
        behind = (*names, *behind)
    # The entry points are files: they lie in no room of their own.
    found["training"] = (*found.pop("training.rank"), *found["training"])
    del found["training.zygote"]
    return found


ROOMS = rooms()

MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] not in ("generated", "labextension", "engine")
)


def name_of(path: Path) -> str:
    """The module's dotted name within the package; a folder's is that of its ``__init__``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(path: Path) -> str:
    """The folder a module lies in, dotted."""
    return ".".join(path.relative_to(PACKAGE).parent.parts)


def is_module(name: str) -> bool:
    place = PACKAGE.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or place.is_dir()


def run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module that run; what is for type checkers alone does not."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from run_time(other)
            continue
        yield node
        yield from run_time(node)


def imports_of(path: Path) -> Iterator[str]:
    """Dotted names of what a module imports; those of the package begin with a dot."""
    base = ["", *room_of(path).split(".")] if room_of(path) else [""]
    for node in run_time(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith(PACKAGE.name), "within, imports are relative"
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            stem = [part for part in base[: len(base) - node.level + 1] if part]
            stem += (node.module or "").split(".") if node.module else []
            for alias in node.names:
                whole = ".".join([*stem, alias.name])
                yield "." + (whole if is_module(whole) else ".".join(stem))


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    room = room_of(path)
    assert room in ROOMS, f"{room} is no known room"
    for name in imports_of(path):
        if name.startswith("."):
            target = name[1:]
            at_home = target in ("", room) or (
                target.startswith(f"{room}." if room else "")
                and "." not in target[len(room) + 1 :]
                and not (PACKAGE / target.replace(".", "/")).is_dir()
            )
            known = at_home or within(target, (*SHARED, *ROOMS[room]))
            assert known, f"{name_of(path)} imports {target}"
        elif name.split(".")[0] in OF_ONE_ROOM:
            owner = OF_ONE_ROOM[name.split(".")[0]]
            assert within(room, (owner,)), f"{name_of(path)} imports {name}"


def test_all_rooms_are_told_of() -> None:
    assert {room_of(path) for path in MODULES} == set(ROOMS)


def test_no_module_imports_itself_by_way_of_others() -> None:
    # Everything may ask the package itself for its version.
    imports = {
        name_of(path): {name[1:] for name in imports_of(path)} - {name_of(path), ""}
        for path in MODULES
        if name_of(path)
    }
    sorter = graphlib.TopologicalSorter(imports)
    sorter.prepare()

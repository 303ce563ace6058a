"""Who may import whom: the table of ARCHITECTURE.md, for every module of the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import jupyterlab_saturn
import pytest

PACKAGE = Path(jupyterlab_saturn.__file__).parent

SHARED = ("task", "paths", "wire", "errors", "plugins", "technique_catalogue")
"""Modules that every room may import."""

ROOMS: dict[str, tuple[str, ...]] = {
    "": ("kernel",),  # `session()` and `%load_ext`, imported when they are called
    "kernel": ("agent.agent_launch", "agent.agent_lock", "nodejs"),
    "agent": ("nodejs", "training.rank"),  # its exit codes; torch is imported when it runs
    "training.runtime": (),
    "training.components": ("training.runtime",),
    "training.adapters": (),
    "training.task": ("training.adapters", "training.components", "training.runtime"),
    "training.model": ("training.task", "training.components"),
    "training.techniques": (
        "training.model",
        "training.task",
        "training.components",
        "training.runtime",
    ),
    "training.inspect": (
        "training.techniques",
        "training.model",
        "training.task",
        "training.components",
        "training.runtime",
    ),
    "training.run": (
        "training.techniques",
        "training.task",
        "training.components",
        "training.runtime",
    ),
    "training.conformance": (
        "training.run",
        "training.techniques",
        "training.task",
        "training.runtime",
    ),
    "training": ("training.inspect", "training.run", "training.runtime"),
}

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
        elif name.split(".")[0] == "torch":
            assert within(room, ("training",)), f"{name_of(path)} imports torch"


def test_the_rooms_have_no_circle() -> None:
    def below(room: str, path: tuple[str, ...] = ()) -> None:
        assert room not in path, f"a circle: {path} {room}"
        for other in ROOMS.get(room, ()):
            below(other, (*path, room))

    for room in ROOMS:
        below(room)

"""What a task sees of its notebook: working folder, module path, settings of PyTorch."""

from __future__ import annotations

import builtins
import hashlib
import importlib.machinery
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ...paths import SessionPaths
from ...torch_settings import set_settings
from ...wire import validate

if TYPE_CHECKING:
    from ...generated.wire_types import World

# A notebook has these before it can see a file of the same name, too. psutil looks itself up by its
# name, and one that has imported Ray finds the psutil first that Ray brings along.
_KEPT = sys.stdlib_module_names | {
    *(__name__.partition(".")[0], "__main__", "torch", "numpy", "psutil")
}


def enter_world(paths: SessionPaths, name: str | None) -> None:
    """Make this process see what the notebook saw; its variables it was started with.

    Parameters
    ----------
    name
        Name of a file in the payloads folder; nothing is done when None.

    Raises
    ------
    SaturnError
        ``no-world`` when the file is unreadable, ``no-folder`` when the working folder is gone,
        ``code-changed`` when a module that the task imports is not what it was.
    """
    if name is None:
        return
    world = _read(paths.world(name))
    folder = Path(os.path.normpath(paths.folder / world["folder"]))
    try:
        os.chdir(folder)
    except OSError as error:
        raise SaturnError(
            "no-folder",
            f"The task's working folder {folder} cannot be entered: {error.strerror}.",
            "It was renamed or removed: run the task's cell again where its files are now.",
        ) from error
    _stand_in()
    _search(world["path"], folder)
    _compare(world["sources"], folder)
    set_settings(torch, world.get("torch", {}))


def notebook_seed(paths: SessionPaths, name: str | None) -> int | None:
    """What the notebook has seeded PyTorch with, if it has. Raises like `enter_world`."""
    return None if name is None else _read(paths.world(name)).get("seed")


def _stand_in() -> None:
    """What notebooks have among the built-in functions: shown in the log, or refused."""

    def display(*values: object, **_: object) -> None:
        print(*values, sep="\n")  # noqa: T201 - what a task shows goes to its log

    def no_input(prompt: object = "") -> str:
        raise SaturnError(
            "no-input",
            f"The task asks for input({str(prompt)!r}), but nobody is there to answer.",
            "Ask in a cell before, and use the answer in the function.",
        )

    vars(builtins).update(display=display, input=no_input)


def _read(path: Path) -> World:
    try:
        world: World = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SaturnError(
            "no-world",
            f"What the task is to see of its notebook, {path}, cannot be read: {error}.",
            "Run the task's cell again.",
        ) from error
    validate("World", world)
    return world


def _search(path: list[str], folder: Path) -> None:
    """Search modules as the notebook does, and behind that as this process did."""
    wanted = [_entry(entry, folder) for entry in path]
    sys.path[:] = [*wanted, *(entry for entry in sys.path if entry not in wanted)]
    importlib.invalidate_caches()
    # What the zygote has loaded under a name that means another module here.
    for name in {name.partition(".")[0] for name in sys.modules} - _KEPT:
        if _means_another(name):
            for other in [each for each in sys.modules if each.partition(".")[0] == name]:
                del sys.modules[other]


def _means_another(name: str) -> bool:
    loaded = getattr(sys.modules.get(name), "__file__", None)
    found = importlib.machinery.PathFinder.find_spec(name) if loaded else None
    if not loaded or found is None or not found.has_location or found.origin is None:
        return False
    try:
        return not Path(found.origin).samefile(loaded)
    except OSError:
        return False


def _entry(entry: str, folder: Path) -> str:
    """An entry of the path; what the notebook's folder contains is stored relative to it."""
    return entry if not entry or Path(entry).is_absolute() else os.path.normpath(folder / entry)


def _compare(sources: dict[str, str], folder: Path) -> None:
    for name, digest in sources.items():
        file = folder / name
        try:
            now = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError:
            now = ""
        if now != digest:
            raise SaturnError(
                "code-changed",
                f"The task imports {file}, which has changed since its cell was run.",
                "Run the cell again, with --replace to train with the file as it is now.",
            )

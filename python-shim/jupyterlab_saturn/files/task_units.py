"""What a task has in its folder that is there whole or not at all: checkpoints, and its model,
as it is and as others get it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ..paths import COMMITTED

_ENTRIES = ("checkpoints", "checkpoints/final", "checkpoints/best", "native")
"""Folders each entry of which is a unit."""

_ALONE = ("model", "model.pt", "hub")
_CHECKPOINT = re.compile(r"step-\d+(?:-(\d+))?")
_LIBRARYS = re.compile(r"checkpoint-\d+")

LOG = "log.jsonl"
"""A task's log, which grows."""

LOG_BEHIND = "log-behind"
"""Code of what does not fit the end of a log, which was removed or made anew."""

OLD = ".old"
"""Ending of what is set aside while another takes its place."""

_PASSING = (".tmp", OLD)


def units_below(task: Path) -> dict[str, Path]:
    """Units by their paths below a task's folder, and where each is."""
    found = {
        f"{parent}/{name}": place
        for parent in _ENTRIES
        for name, place in _entries(task / parent)
        if f"{parent}/{name}" not in _ENTRIES
    }
    found |= {name: place for name, place in _entries(task) if name in _ALONE}
    return found


def is_unit(path: str) -> bool:
    """Whether a path below a task's folder can be one of a unit."""
    parent, _, name = path.rpartition("/")
    if path in _ENTRIES or name.endswith(_PASSING):
        return False
    return path in _ALONE or parent in _ENTRIES


def is_droppable(path: str, attempt: int) -> bool:
    """Whether an attempt that does not have a unit any more may have it removed."""
    parent, _, name = path.rpartition("/")
    of = _CHECKPOINT.fullmatch(name)
    return parent in _ENTRIES and (of is None or int(of[1] or 0) <= attempt)


def files_of(unit: Path) -> Iterator[tuple[str, Path]]:
    """The files of a unit by their paths below it; of one that is a file, that by an empty one."""
    if unit.is_file():
        yield "", unit
        return
    home = unit.parent.resolve()
    for folder, _, names in os.walk(unit):
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and path.resolve().is_relative_to(home):
                yield PurePosixPath(path.relative_to(unit)).as_posix(), path


# A link may be a library's to its newest checkpoint; what one leads to elsewhere is not the task's.
def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        found = {entry.name: entry for entry in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return
    for name, entry in found.items():
        # The newest one may have no other name, after a crash.
        final = name.removesuffix(OLD)
        if not entry.resolve().is_relative_to(folder.resolve()):
            continue
        if final != name and final not in found:
            yield final, entry
        elif not name.endswith(_PASSING) and not _is_half(entry):
            yield name, entry


def _is_half(entry: Path) -> bool:
    """Whether a library is still saving there, or was ended while it did."""
    return _LIBRARYS.fullmatch(entry.name) is not None and not (entry / COMMITTED).exists()

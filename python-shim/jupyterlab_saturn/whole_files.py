"""Files that are there whole or not at all, and what is known of one that is open."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from .errors import SaturnError


def write_json(path: Path, value: Any) -> None:
    """Write a file so that readers see the old text or the new, never a part.

    Raises OSError; then nothing of it is left.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(value), encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


_TEMPORARY = re.compile(r"(.*)\.(\d+)\.tmp")


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove from a folder the temporary files, and folders, of processes that were killed while
    they wrote.

    Parameters
    ----------
    name
        Of the one file that they wrote: of other names, a folder of the user's may have some that
        are not ours.
    """
    for path in folder.glob("*.tmp"):
        owner = _TEMPORARY.fullmatch(path.name)
        if owner is None or name not in (None, owner[1]) or is_alive(int(owner[2])):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def put_if_absent(file: Path, path: Path) -> None:
    """Have a file at a path, where another process may have put its own meanwhile: that stays.

    Raises OSError.
    """
    try:
        path.hardlink_to(file)
    except FileExistsError:
        return
    except OSError:  # not all disks can
        if not path.exists():
            file.rename(path)


def is_alive(pid: int) -> bool:
    """Whether a process of this user exists."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def is_at(file: int, path: Path) -> bool:
    """Whether an open file is the one that a path leads to now."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def require_room(folder: Path, need_bytes: float, what: str, *, spare: float = 1.0) -> None:
    """Raises SaturnError ``disk-full`` when a disk has no room for something.

    Parameters
    ----------
    what
        As it is told, in the singular.
    spare
        So many times of what is needed has to be free.
    """
    free = shutil.disk_usage(folder).free
    if free < need_bytes * spare:
        raise SaturnError(
            "disk-full",
            f"{what} of {need_bytes / 1e6:.1f} MB does not fit: {folder} has {free / 1e6:.1f} MB "
            "left.",
            "Free some space and run again: training goes on from the last checkpoint.",
        )

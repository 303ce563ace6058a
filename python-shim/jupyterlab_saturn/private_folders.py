"""Folders that nobody but their owner may enter."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path

from .errors import SaturnError, not_written


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, which only their owner may enter."""
    missing = itertools.takewhile(lambda each: not each.exists(), folder.parents)
    for each in reversed([folder, *missing]):  # mkdir would open those above to all
        each.mkdir(mode=0o700, exist_ok=True)


def ensure_private(folder: Path, variable: str = "SATURN_HOME") -> Path:
    """Make a folder that only its owner may enter, or refuse it.

    Parameters
    ----------
    variable
        Names the environment variable that puts the folder elsewhere.

    Raises
    ------
    SaturnError
        ``not-writable`` when it cannot be made or written to, ``disk-full`` when there is no room
        for it; ``unsafe-folder`` when it belongs to somebody else or others may enter it.
    """
    try:
        make_private(folder)
        info = folder.lstat()
    except OSError as error:
        raise not_written(
            error,
            f"The folder {folder} cannot be made",
            f"Start the notebook in a folder you may write to, or set {variable} to one.",
        ) from error
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise SaturnError(
            "unsafe-folder",
            f"{folder} is not a folder of yours, so nothing in it can be trusted.",
            f"Have it removed, or set {variable} to a folder of your own where Jupyter is started.",
        )
    if info.st_mode & 0o077:
        raise SaturnError(
            "unsafe-folder",
            f"Others may enter {folder} (mode {stat.S_IMODE(info.st_mode):o}).",
            f"Close it with: chmod 700 '{folder}'",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SaturnError(
            "not-writable",
            f"The folder {folder} is not writable.",
            f"Give yourself access (chmod u+rwx '{folder}'), or set {variable} to another folder.",
        )
    return folder


def is_private(folder: Path) -> bool:
    """Whether a folder is this user's own, and nobody else can have put anything in it."""
    try:
        info = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o077

"""Whether what this process has loaded is still what is on disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_Stamp = tuple[int, int, int] | None


class LoadedFiles:
    """Files of the modules that were loaded, as they were when they were noted.

    Parameters
    ----------
    others
        Files of which something is kept besides; as they are now.
    """

    def __init__(self, *others: Path) -> None:
        self._stamps = {str(file): _stamp(str(file)) for file in others}

    def note(self) -> None:
        """Remember the files of modules loaded since the last time."""
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and file not in self._stamps:
                self._stamps[file] = _stamp(file)

    def changed(self) -> str | None:
        """A file that was replaced, edited or removed since; None when there is none.

        Takes some milliseconds for the thousands of files of PyTorch.
        """
        for file, stamp in self._stamps.items():
            if _stamp(file) != stamp:
                return file
        return None


def _stamp(file: str) -> _Stamp:
    try:
        info = os.stat(file)  # noqa: PTH116 - a path object for each takes four times as long
    except OSError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns

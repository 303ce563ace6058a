"""Ends of log files, for people who ask why something died."""

from __future__ import annotations

import os
from pathlib import Path


def tail(path: Path, size: int = 8000) -> str:
    """The last `size` bytes of a text file, from the start of a line; empty when there is none."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - size))
            data = file.read()
    except OSError:
        return ""
    if length > size:
        data = data.partition(b"\n")[2] or data
    return data.decode("utf-8", "replace").strip()

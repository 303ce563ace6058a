"""Ends of log files, for people who ask why something died; and logs that stay short."""

from __future__ import annotations

import os
import re
from pathlib import Path

# A control sequence of ECMA-48: colours, and where a progress bar puts the cursor.
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def tail(path: Path, size: int = 8000) -> str:
    """The last `size` bytes of a text file, from the start of a line; empty when there is none.

    Of a line that was written over, such as a progress bar, what was written last.
    """
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - size))
            data = file.read()
    except OSError:
        return ""
    if length > size:
        data = data.partition(b"\n")[2] or data
    text = _CONTROL.sub("", data.decode("utf-8", "replace"))
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return "\n".join(lines).strip()


def shorten(path: Path, size: int = 4 << 20) -> None:
    """Keep a quarter of `size` from each end of a log that has grown over it.

    Who writes it must append. What comes while this works may be lost.
    """
    keep = size // 4
    try:
        with path.open("r+b") as file:
            length = file.seek(0, os.SEEK_END)
            if length <= size:
                return
            file.seek(length - keep)
            end = file.read()
            file.truncate(keep)
            file.seek(0, os.SEEK_END)
            file.write(f"\n[{length - 2 * keep} bytes are left out here]\n".encode() + end)
    except OSError:
        return

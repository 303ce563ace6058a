"""Whether this machine's memory has room for a group beside the one that it takes over from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import psutil

_MARGIN = 1.5
_CONTAINER = Path("/sys/fs/cgroup")


def has_room(beside: Iterable[int], ranks: int) -> bool:
    """Whether so many ranks fit in that may each become as large as the largest of others.

    Parameters
    ----------
    beside
        Process ids of ranks of the same task.
    """
    sizes = [0]
    for pid in beside:
        with contextlib.suppress(psutil.Error):
            sizes.append(_resident(pid))
    return max(sizes) * ranks * _MARGIN <= available_bytes()


def _resident(pid: int) -> int:
    resident: int = psutil.Process(pid).memory_info().rss  # type: ignore[no-untyped-call]
    return resident


def available_bytes() -> int:
    """What can be had without swapping: of this machine, or of its container if that is less."""
    free: int = psutil.virtual_memory().available  # type: ignore[no-untyped-call]
    with contextlib.suppress(OSError, ValueError):
        limit = int((_CONTAINER / "memory.max").read_text())
        statistics = dict(
            line.split() for line in (_CONTAINER / "memory.stat").read_text().splitlines()
        )
        # The cache of files is given back when it is needed.
        used = int((_CONTAINER / "memory.current").read_text()) - int(statistics["file"])
        free = min(free, limit - used)
    return free

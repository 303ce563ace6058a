"""Locks on files (flock(2)): gone with their process, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import time

_TRIES = 5


def lock_exclusively(file: int, pause: float) -> bool:
    """Lock a file, unless somebody holds it for longer than to look whether it is free.

    Those who only ask hold a shared lock for an instant.

    Parameters
    ----------
    file
        Its descriptor.
    pause
        Seconds between two tries.
    """
    for turn in range(_TRIES):
        if turn > 0:
            time.sleep(pause)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False

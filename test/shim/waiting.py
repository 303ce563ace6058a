"""Waiting in tests: longer than any machine needs, unless it has too much else to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyterlab_saturn.patience import patience

SECONDS = 60.0
"""For whatever is no matter of seconds; twice that where several processes begin."""


def until(true: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """The first true value that a function gives."""
    began = time.monotonic()
    while not (value := true()):
        waited = time.monotonic() - began
        assert waited < patience(seconds), f"it never came to pass, in {waited:.0f} seconds"
        time.sleep(0.02)
    return value


async def eventually(true: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """As `until`, while the event loop goes on."""
    began = time.monotonic()
    while not (value := true()):
        waited = time.monotonic() - began
        assert waited < patience(seconds), f"it never came to pass, in {waited:.0f} seconds"
        await asyncio.sleep(0.01)
    return value


_EXITING = 0x4  # PF_EXITING of linux/sched.h


def is_exiting(pid: int) -> bool:
    """Whether a process is on its way out: it may have lost its memory, and still hold a lock."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:  # gone, or no Linux
        return False
    return state not in "ZX" and int(rest[5]) & _EXITING != 0

"""Memory that was freed, for other processes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back_freed() -> None:
    """Give the machine what this process has freed, which its C library may keep for itself."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], object] | None:
    """As glibc has it; other libraries may not."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)

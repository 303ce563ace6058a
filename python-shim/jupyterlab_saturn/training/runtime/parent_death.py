"""A process that dies with the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def bind(parent: int | None = None) -> None:
    """Have the kernel kill this process when its parent dies (Linux; nothing elsewhere).

    The signal comes when the *thread* that started this process ends, so a parent must start
    its children from a thread that lives as long as itself.

    Parameters
    ----------
    parent
        Process id the parent had when it started this process, if known: a parent that died
        before the kernel was told is noticed by it.
    """
    expected = os.getppid() if parent is None else parent
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != expected:
        os.kill(os.getpid(), signal.SIGKILL)

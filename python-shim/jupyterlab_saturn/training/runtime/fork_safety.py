"""Whether a process may be forked, and what it can load and still be."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from . import parent_death, preloaded_libraries


def why_unsafe() -> str | None:
    """Why this process must not be forked; None when it may."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        return f"loading the libraries started {threads - 1} threads, which a fork would lose"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "CUDA was started, which does not survive a fork"
    return None


def settle() -> None:
    """Have the collector leave alone what is there: it would write to, and so copy, the pages that
    are shared with children."""
    gc.collect()
    gc.freeze()


def try_loading(names: Sequence[str]) -> int:
    """Fork a child that loads libraries; it ends with 0 when it could still be forked after that.

    Returns its process id. Raises OSError when the system gives no process.
    """
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            signal.set_wakeup_fd(-1)
            parent_death.bind(parent)
            preloaded_libraries.load(names)
            os._exit(0 if why_unsafe() is None else 1)
        finally:
            os._exit(1)
    return child

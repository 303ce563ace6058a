"""The end of the process that started this one, noticed without dying of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

_LOOK_SECONDS = 1.0


async def parent_gone(file: int | None = None) -> None:
    """Wait until the parent has closed this process's standard input, or has ended.

    The kernel's signal for it (prctl(2), ``PR_SET_PDEATHSIG``) comes when the *thread* ends that
    started this process, which may be any in a parent that is not ours, and leaves no time to
    clean up. The pipe alone may be held open by a child that the parent has forked.

    Parameters
    ----------
    file
        Descriptor to read; the standard input when absent.
    """
    parent = os.getppid()
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    file = sys.stdin.fileno() if file is None else file

    def read() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(file, 1 << 16):
                closed.set()

    os.set_blocking(file, False)
    with contextlib.suppress(PermissionError):  # no pipe, but a file: it cannot be waited for
        loop.add_reader(file, read)
    try:
        while os.getppid() == parent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await closed.wait()
                    return
    finally:
        loop.remove_reader(file)

"""A process that is forked from, replaced by a child of its own that has loaded more."""

from __future__ import annotations

import os
import select
import signal
import socket
import traceback
from collections.abc import Sequence
from contextlib import suppress

from . import parent_death, preloaded_libraries
from .fork_safety import settle, why_unsafe

_SECONDS = 15.0
"""For which libraries are waited for: one may hang where it is loaded, and the agent waits, too."""


def hand_on(names: Sequence[str], agent: socket.socket) -> bool:
    """Fork a child that loads libraries and takes over, if it can still be forked after that.

    So they are loaded once, and whatever they do is done to nobody else. The child ends with this
    process, and this process with the child: it waits for nothing else from then on.

    Parameters
    ----------
    names
        Of modules; see `preloaded_libraries.load`.
    agent
        The line to the agent, whose end is to be noticed when the child ends.

    Returns
    -------
    bool
        True in the child; False in this process, where the child could not take over.

    Raises
    ------
    OSError
        When the system gives no process.
    """
    heard, tell = os.pipe()
    first = os.getpid()
    try:
        child = os.fork()
    except OSError:
        os.close(heard)
        os.close(tell)
        raise
    if child == 0:
        os.close(heard)
        if _is_ready(names, first):
            os.write(tell, b"1")
            os.close(tell)
            return True
        os._exit(1)
    os.close(tell)
    ready, _, _ = select.select([heard], [], [], _SECONDS)
    took_over = bool(ready) and os.read(heard, 1) == b"1"
    os.close(heard)
    if took_over:
        agent.close()
    else:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if took_over:
        os._exit(int(status != 0))
    return False


def _is_ready(names: Sequence[str], parent: int) -> bool:
    """In the child: whether it may be forked, having loaded the libraries."""
    try:
        parent_death.bind(parent)
        for name in names:
            with suppress(ImportError):  # code may name what is not there
                preloaded_libraries.load([name])
        settle()
        return why_unsafe() is None
    except BaseException:
        traceback.print_exc()
        return False

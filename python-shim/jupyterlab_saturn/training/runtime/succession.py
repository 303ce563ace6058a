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
_WORD = b"1"


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
    ours, theirs = socket.socketpair()
    first = os.getpid()
    with ours, theirs:
        child = os.fork()
        if child == 0:
            if _is_ready(names, first) and _is_asked_to_go_on(theirs, ours):
                return True
            os._exit(1)
        theirs.close()
        took_over = _has_let(ours)
    if took_over:
        agent.close()
    else:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if took_over:
        os._exit(int(status != 0))
    return False


def _has_let(child: socket.socket) -> bool:
    """Let the child go on in the place of this process, if it is ready in time."""
    ready, _, _ = select.select([child], [], [], _SECONDS)
    with suppress(OSError):
        if ready and child.recv(1):
            child.sendall(_WORD)
            return True
    return False


def _is_asked_to_go_on(parent: socket.socket, parents: socket.socket) -> bool:
    """In the child: whether the parent has waited. One that is late never goes on beside it."""
    parents.close()
    with suppress(OSError):
        parent.sendall(_WORD)
        return parent.recv(1) == _WORD
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

"""The agent of a node that is not the session's own, as a child of who carries its messages.

Its parent listens at the node's endpoint (`SessionPaths.runtime`, `engine_endpoint`) before it
starts this process, and holds its standard input: the agent ends, with all that it has started,
when that is closed or the parent is gone. Its standard output is empty, or a line of JSON when it
has ended: the wire ``Failure`` for which it could not begin or go on. All else is in its log.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable

from ..errors import SaturnError, failure_of
from ..paths import SessionPaths
from .agent import Agent
from .agent_lock import AgentLock, clear_status
from .parent_watch import parent_gone

Maker = Callable[[SessionPaths, str | None], Agent]


def _make(paths: SessionPaths, address: str | None) -> Agent:
    return Agent(paths, address=address)


def serve_far(folder: str, node: str, address: str | None = None, make: Maker = _make) -> int:
    """Be the agent of a node until the parent ends, the engine says so, or it cannot go on.

    Parameters
    ----------
    folder
        Of the session, which is on a file system that the nodes share.
    node
        Id of the node.
    address
        Of this machine, as other nodes reach it.
    make
        Makes the agent.

    Returns
    -------
    The exit code of the process: 0 when it ended as it was told to.
    """
    parent = os.dup(sys.stdout.fileno())
    os.set_inheritable(parent, False)
    try:
        paths = SessionPaths.of_folder(folder, node).ensure()
        _speak_to_log(paths)
        _serve(paths, lambda: make(paths, address))
    except Exception as error:
        logging.getLogger(__name__).exception("The agent cannot begin, or go on.")
        with contextlib.suppress(OSError):  # nobody may listen any more
            os.write(parent, json.dumps(failure_of(error)).encode() + b"\n")
        return 1
    finally:
        os.close(parent)
    return 0


def _speak_to_log(paths: SessionPaths) -> None:
    with paths.agent_log.open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _serve(paths: SessionPaths, make: Callable[[], Agent]) -> None:
    lock = AgentLock(paths)
    if not lock.acquire():
        raise SaturnError(
            "node-taken",
            f"Another agent of node {paths.node} works for session {paths.name!r}.",
            "It ends with what started it, within seconds; nodes need names of their own.",
        )
    try:
        clear_status(paths)
        asyncio.run(_work(lock, make()))
    finally:
        lock.release()


async def _work(lock: AgentLock, agent: Agent) -> None:
    ends = [asyncio.create_task(parent_gone()), asyncio.create_task(lock.lost())]
    for end in ends:
        end.add_done_callback(lambda _: agent.end())
    try:
        await agent.run()
    finally:
        for end in ends:
            end.cancel()

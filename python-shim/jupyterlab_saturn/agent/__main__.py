"""Be a session's agent: ``python -m jupyterlab_saturn.agent [--detach] SESSION_FOLDER``.

On another node than the engine's: ``python -m jupyterlab_saturn.agent --node ID SESSION_FOLDER``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable

from ..errors import SaturnError
from ..paths import SessionPaths
from . import agent_lock
from .agent import Agent
from .far_agent import serve_far

_log = logging.getLogger(__name__)


def serve(
    paths: SessionPaths, *, detach: bool = False, make: Callable[[SessionPaths], Agent] = Agent
) -> int:
    """Be the agent of a session until it ends.

    Parameters
    ----------
    detach
        Return as soon as there is an agent, which is then nobody's child.
    make
        Makes the agent.

    Returns
    -------
    The exit code of the process: 0 also when another agent lives.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    lock = agent_lock.AgentLock(paths)
    if not lock.acquire():
        _log.info("Another agent of session %s lives.", paths.name)
        return 0
    agent_lock.clear_status(paths)
    # Before there is any thread, event loop or socket. The child keeps the lock.
    if detach and os.fork() != 0:
        os._exit(0)

    async def work() -> None:
        agent = make(paths)
        watching = asyncio.create_task(_watch(lock, agent))
        try:
            await agent.run()
        finally:
            watching.cancel()

    try:
        asyncio.run(work())
    except SaturnError as error:
        _log.error("%s", error)
        return 1
    except Exception:
        _log.exception("The agent broke.")
        return 1
    finally:
        lock.release()
    return 0


async def _watch(lock: agent_lock.AgentLock, agent: Agent) -> None:
    """End an agent whose session was removed: what it does would be of use to nobody."""
    await lock.lost()
    _log.warning("The folder of the session was removed.")
    agent.end()


def main() -> int:
    """Entry point of the command line."""
    parser = argparse.ArgumentParser(prog="python -m jupyterlab_saturn.agent")
    parser.add_argument("--detach", action="store_true", help="go to the background")
    parser.add_argument("--node", help="be the agent of another node, whose id this is")
    parser.add_argument("--address", help="of this machine, as other nodes reach it")
    parser.add_argument("folder", help="the session's folder")
    options = parser.parse_args()
    if options.node is not None:
        return serve_far(options.folder, options.node, options.address)
    return serve(SessionPaths.of_folder(options.folder), detach=options.detach)


if __name__ == "__main__":
    sys.exit(main())

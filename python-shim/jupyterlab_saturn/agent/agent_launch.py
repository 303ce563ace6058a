"""The kernel's side of the agent: see whether it lives, start it, learn where its engine is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import SaturnError
from ..paths import SessionPaths
from ..patience import patience
from ..whole_files import is_alive
from .agent_lock import agent_alive, read_status, unwritable
from .log_tail import tail

__all__ = ["AgentPlace", "agent_alive", "ensure_agent", "lasting"]

_POLL_SECONDS = 0.02
_STATUS_BYTES = 1 << 14  # more than a status takes
_OF_ONE_PROCESS = frozenset(
    {
        *("_", "COLUMNS", "JPY_PARENT_PID", "JPY_SESSION_NAME", "LINES", "OLDPWD", "PWD", "SHLVL"),
        *("PYTEST_CURRENT_TEST", "PYTHONUNBUFFERED"),
    }
)


def lasting(variables: Mapping[str, str]) -> dict[str, str]:
    """Environment variables without those that say which process this is and who looks at it."""
    return {name: value for name, value in variables.items() if name not in _OF_ONE_PROCESS}


@dataclass(frozen=True)
class AgentPlace:
    """Where an agent runs that is not to run where this process does.

    Attributes
    ----------
    python
        Its interpreter, in full.
    cwd
        Its working folder.
    variables
        Environment variables that it has beside, or instead of, those of this process.
    """

    python: str
    cwd: str
    variables: Mapping[str, str]


def ensure_agent(
    paths: SessionPaths, timeout: float = 60.0, place: AgentPlace | None = None
) -> str:
    """The endpoint of the session's engine, of a living agent or of one started for it.

    The agent is nobody's child and in a session of its own, so it outlives the kernel and leaves
    it no zombie.

    Parameters
    ----------
    timeout
        Seconds to wait for an answering engine; longer on a machine that has too much to do.
    place
        Where it runs; where this process does when absent.

    Raises
    ------
    SaturnError
        Why the agent or its engine could not be started (``no-node``, ``no-engine``,
        ``engine-dies``, ``unsafe-folder``...), or ``agent-timeout``.
    """
    paths.ensure()
    began = time.monotonic()
    started = False
    while True:
        # Asked before the status is read: an agent that is gone has written its last word.
        alive = agent_alive(paths)
        if not alive and not started:
            _start(paths, place)
            started = True
            continue
        status = read_status(paths)
        if not alive or (status is not None and "error" in status and is_alive(status["pid"])):
            raise _gone(paths)
        if status is not None and "endpoint" in status and is_alive(status["pid"]):
            return status["endpoint"]
        waited = time.monotonic() - began
        if waited > patience(timeout):
            raise SaturnError(
                "agent-timeout",
                f"The agent of session {paths.name!r} has no engine after {waited:.0f} seconds.",
                f"Its log is {paths.agent_log}, the engine's {paths.engine_log}.",
            )
        time.sleep(_POLL_SECONDS)


def _start(paths: SessionPaths, place: AgentPlace | None) -> None:
    python = sys.executable if place is None else place.python
    # -P: a file of the user's named like a standard module must not break the agent.
    command = [python, "-P", "-m", __package__, "--detach", str(paths.folder)]
    try:
        with paths.agent_log.open("ab") as log:
            started = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=None if place is None else place.cwd,
                env=lasting(os.environ | ({} if place is None else place.variables)),
            )
    except OSError as error:
        raise unwritable(paths, error) from error
    if started.returncode != 0:
        raise _gone(paths)


def _gone(paths: SessionPaths) -> SaturnError:
    status = read_status(paths)
    if status is not None and "error" in status:
        return SaturnError.from_json(status["error"])
    try:  # it may have died of what keeps it from saying why
        with tempfile.TemporaryFile(dir=paths.folder) as probe:
            probe.write(bytes(_STATUS_BYTES))
    except OSError as error:
        return unwritable(paths, error)
    died = SaturnError(
        "agent-died",
        f"The agent of session {paths.name!r} ended without a word.",
        f"Its log is {paths.agent_log}.",
    )
    died.traceback = tail(paths.agent_log)
    return died

"""Whether a session's engine can be reached, and what is in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..agent.agent_lock import read_status
from ..paths import SessionPaths
from .engine_line import is_safe
from .session_list import is_awake

if TYPE_CHECKING:
    from ..generated.wire_types import Failure


@dataclass(frozen=True)
class SessionPresence:
    """What there was to be seen of a session.

    Attributes
    ----------
    endpoint
        Address of its engine; None when there is none to reach.
    failure
        What is in the way, where the session is not merely asleep.
    """

    endpoint: str | None
    failure: Failure | None


def presence_of(paths: SessionPaths) -> SessionPresence:
    """Look at a session's folder. Not for the server's own thread: file systems stand still."""
    awake = is_awake(paths)
    status = read_status(paths)
    if awake:
        endpoint = status["endpoint"] if status is not None and "endpoint" in status else None
        return SessionPresence(endpoint if endpoint and is_safe(endpoint) else None, None)
    if not paths.exists:
        return SessionPresence(None, session_gone(paths.name))
    if status is None:
        return SessionPresence(None, None)
    return SessionPresence(None, status["error"] if "error" in status else _agent_gone())


def engine_away() -> Failure:
    """Of a session whose agent runs."""
    return {
        "code": "engine-away",
        "message": "The session's engine does not answer just now.",
        "hint": "Training goes on meanwhile; this page goes on by itself when it is back.",
    }


def session_gone(name: str) -> Failure:
    """Of a session that was there."""
    return {
        "code": "no-session",
        "message": f"The session {name!r} is not there any more.",
        "hint": "Its folder was removed or moved. Choose another session.",
    }


def _agent_gone() -> Failure:
    return {
        "code": "agent-gone",
        "message": "The session's agent was ended, so nothing trains.",
        "hint": "Finished work is kept. Wake the session, and train on from the last checkpoints.",
    }

"""Whether a session's agent lives and where: its lock and its status file."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast, final

from .. import __version__
from ..errors import SaturnError, failure_of, not_written
from ..paths import SessionPaths, engine_endpoint, events_socket
from ..whole_files import is_at, write_json
from ..wire import validate
from .file_lock import lock_exclusively

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

_AGAIN_SECONDS = 0.2
_LOOK_SECONDS = 1.0


@final
class ReadyStatus(TypedDict):
    """The agent lives and its engine answers."""

    pid: int
    version: str
    endpoint: str
    events: str
    """Path of the socket on which the agent hears of ranks, and of secrets."""


@final
class ErrorStatus(TypedDict):
    """Why that process is not, or no longer, the agent."""

    pid: int
    error: Failure


AgentStatus = ReadyStatus | ErrorStatus
"""What the status file holds."""


class AgentLock:
    """The right to be a session's agent: an exclusive flock, gone with its process."""

    def __init__(self, paths: SessionPaths) -> None:
        self._paths = paths
        self._file: TextIOWrapper | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another agent holds it.

        Raises
        ------
        SaturnError
            ``no-lock``: the folder's file system locks no files.
        """
        file = self._paths.agent_lock.open("a")
        try:
            is_ours = lock_exclusively(file.fileno(), _AGAIN_SECONDS)
        except OSError as error:
            file.close()
            raise SaturnError(
                "no-lock",
                f"No file can be locked in {self._paths.own} ({error.strerror}), so that two "
                "agents could not be told apart.",
                "Mount its file system with locks, or set SATURN_HOME to a folder on another.",
            ) from error
        if is_ours:
            self._file = file
            return True
        file.close()
        return False

    def kept(self) -> bool:
        """Whether the lock is still the session's; not once its folder was removed."""
        return self._file is not None and is_at(self._file.fileno(), self._paths.agent_lock)

    async def lost(self) -> None:
        """Wait until it is not the session's any more."""
        while self.kept():
            await asyncio.sleep(_LOOK_SECONDS)

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def agent_alive(paths: SessionPaths) -> bool:
    """Whether an agent of this session lives, on this machine."""
    try:
        file = paths.agent_lock.open("r")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def write_ready(paths: SessionPaths, runtime: Path) -> None:
    """Tell everybody that this process is the agent and its engine answers.

    Parameters
    ----------
    runtime
        The folder of their sockets.

    Raises
    ------
    SaturnError
        ``disk-full`` or ``not-writable``.
    """
    status: ReadyStatus = {
        "pid": os.getpid(),
        "version": __version__,
        "endpoint": engine_endpoint(runtime),
        "events": str(events_socket(runtime)),
    }
    try:
        write_json(paths.agent_status, status)
    except OSError as error:
        raise unwritable(paths, error) from error


def write_error(paths: SessionPaths, error: BaseException) -> None:
    """Tell everybody why this process is not, or no longer, the agent, if that can be written."""
    status: ErrorStatus = {"pid": os.getpid(), "error": failure_of(error)}
    with contextlib.suppress(OSError):
        write_json(paths.agent_status, status)


def unwritable(paths: SessionPaths, error: OSError) -> SaturnError:
    """What is said when an agent cannot tell anybody that it is there."""
    return not_written(
        error,
        f"Nothing can be written to {paths.folder}",
        "Give yourself access, then run the cell again.",
    )


def clear_status(paths: SessionPaths) -> None:
    """Take back whatever was told."""
    paths.agent_status.unlink(missing_ok=True)


def read_status(paths: SessionPaths) -> AgentStatus | None:
    """What was last told; None when nothing was, or nothing that makes sense."""
    try:
        status: Any = json.loads(paths.agent_status.read_text("utf-8"))
        if "error" in status:
            validate("Failure", status["error"])
            return cast(ErrorStatus, status)
    except (OSError, ValueError, TypeError, RecursionError, SaturnError):
        return None
    is_ready = isinstance(status, dict) and isinstance(status.get("endpoint"), str)
    return cast(ReadyStatus, status) if is_ready else None

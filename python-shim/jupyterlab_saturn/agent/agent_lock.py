"""Whether a session's agent lives and where: its lock and its status file."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, final

from .. import __version__
from ..errors import failure_of
from ..paths import SessionPaths, write_json

if TYPE_CHECKING:
    from ..generated.wire_types import Failure


@final
class ReadyStatus(TypedDict):
    """The agent lives and its engine answers."""

    pid: int
    version: str
    endpoint: str


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
        """Take the lock; False when another agent holds it."""
        file = self._paths.agent_lock.open("a")
        # Those who only ask whether an agent lives hold a shared lock for an instant.
        for _ in range(5):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                self._file = file
                return True
        file.close()
        return False

    def kept(self) -> bool:
        """Whether the lock is still the session's; not once its folder was removed."""
        return self._file is not None and _is_at(self._file.fileno(), self._paths.agent_lock)

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None


class SocketFolder:
    """The folder of a session's sockets, for one agent at a time.

    Its path is that of the session's folder, which may be removed and made again while an agent
    of before still lives. Of two engines on one path, either would be heard by the other's
    clients, and the first to leave would take the other's socket along.
    """

    def __init__(self, paths: SessionPaths) -> None:
        self._paths = paths
        self._folder: int | None = None

    def acquire(self) -> bool:
        """Make it and lock it; False while another agent has it. Raises like `ensure_private`."""
        path = self._paths.ensure_runtime()
        folder = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(folder)
            return False
        if not _is_at(folder, path):  # removed by who had it, between our opening and locking it
            os.close(folder)
            return False
        self._folder = folder
        return True

    def release(self) -> None:
        """Remove it, if it is ours."""
        if self._folder is not None:
            shutil.rmtree(self._paths.runtime, ignore_errors=True)
            os.close(self._folder)
            self._folder = None


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


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


def write_ready(paths: SessionPaths) -> None:
    """Tell everybody that this process is the agent and its engine answers."""
    endpoint = paths.engine_endpoint
    _write(paths, {"pid": os.getpid(), "version": __version__, "endpoint": endpoint})


def write_error(paths: SessionPaths, error: BaseException) -> None:
    """Tell everybody why this process is not, or no longer, the agent."""
    _write(paths, {"pid": os.getpid(), "error": failure_of(error)})


def _write(paths: SessionPaths, status: AgentStatus) -> None:
    write_json(paths.agent_status, status)


def clear_status(paths: SessionPaths) -> None:
    """Take back whatever was told."""
    paths.agent_status.unlink(missing_ok=True)


def read_status(paths: SessionPaths) -> AgentStatus | None:
    """What was last told; None when nothing was."""
    try:
        status: AgentStatus = json.loads(paths.agent_status.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return status

"""That a session has one engine at a time: two would write one journal, and share one socket."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
from pathlib import Path

from ..errors import not_written
from ..whole_files import is_at

_log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.05


class EngineLock:
    """Held by an engine for as long as it lives, whatever becomes of its agent.

    The engine of an agent that was killed sees the end of its input and leaves, which takes a
    moment, or long where the machine has much else to do. Till then it may write to the journal.
    So the next agent waits for it, and ends it when it does not leave.

    Parameters
    ----------
    path
        The file that is locked (flock(2)). Who holds it says in it which process the engine is.
    patience
        Seconds for an engine to leave.
    """

    def __init__(self, path: Path, patience: float = _PATIENCE_SECONDS) -> None:
        self._path = path
        self._patience = patience
        self._file: int | None = None

    @property
    def file(self) -> int:
        """Its descriptor, for the engine to inherit."""
        assert self._file is not None
        return self._file

    async def acquire(self) -> None:
        """Wait until there is no engine.

        Raises
        ------
        SaturnError
            ``not-writable`` or ``disk-full``: the file cannot be made or locked.
        """
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                await self._lock(file)
            except BaseException:
                os.close(file)
                raise
        except OSError as error:
            raise not_written(error, f"No engine can be told apart by {self._path}") from error
        self._file = file
        self.note(None)

    def note(self, pid: int | None) -> None:
        """Write down which process the engine is; None when there is none yet."""
        with contextlib.suppress(OSError):  # the disk may be full
            os.truncate(self.file, 0)
            os.pwrite(self.file, b"" if pid is None else b"%d" % pid, 0)

    def release(self) -> None:
        """Leave it to the engine, if that still lives."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _lock(self, file: int) -> None:
        waited = 0.0
        while True:
            with contextlib.suppress(BlockingIOError):
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if waited == 0:
                _log.info("The engine of the agent before has not left yet.")
            await asyncio.sleep(_LOOK_SECONDS)
            if waited < self._patience <= waited + _LOOK_SECONDS:
                _end_engine(file)
            waited += _LOOK_SECONDS


def _holds(pid: int, file: int) -> bool:
    """Whether a process that is seen here has a file open. True where the system does not tell."""
    if not Path("/proc/self/fd").exists():
        return True
    try:
        return any(is_at(file, opened) for opened in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # there is none, or it is another user's
        return False


def _end_engine(file: int) -> None:
    """Kill the engine that holds a lock, unless it is another machine's or another container's."""
    written = os.pread(file, 20, 0)
    if written.isdigit() and _holds(int(written), file):
        _log.warning("The engine of the agent before, process %d, does not leave.", int(written))
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(written), signal.SIGKILL)

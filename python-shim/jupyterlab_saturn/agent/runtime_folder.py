"""The folder of a session's sockets: whose it is, and whether it is still there."""

from __future__ import annotations

import fcntl
import os
import shutil

from ..paths import SCRATCH_PREFIX, SessionPaths
from ..whole_files import is_at

INSPECT_PREFIX = "inspect-"
RENDEZVOUS_PREFIX = "rendezvous-"


class RuntimeFolder:
    """The folder of a session's sockets, for one agent at a time.

    Its path is that of the session's folder, which may be removed and made again while an agent
    of before still lives. Of two engines on one path, either would be heard by the other's
    clients, and the first to leave would take the other's socket along.

    It lies where things are cleaned up, and may go while the agent works: it is then acquired
    again, perhaps at another path.

    Attributes
    ----------
    path
        Where it is, once it was acquired.
    """

    def __init__(self, paths: SessionPaths) -> None:
        self._paths = paths
        self._folder: int | None = None
        self.path = paths.runtime

    def acquire(self) -> bool:
        """Make it and lock it; False while another agent has it. Raises like `ensure_private`."""
        path = self._paths.ensure_runtime()
        folder = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # As long as it is held, systemd-tmpfiles(8) cleans up nothing in the folder either.
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(folder)
            return False
        if not is_at(folder, path):  # removed by who had it, between our opening and locking it
            os.close(folder)
            return False
        self._close()
        self._folder = folder
        self.path = path
        return True

    def kept(self) -> bool:
        """Whether it is still where it was made."""
        return self._folder is not None and is_at(self._folder, self.path)

    def sweep(self) -> None:
        """Free it of what the jobs of an agent that was killed left there."""
        for prefix in (INSPECT_PREFIX, RENDEZVOUS_PREFIX, SCRATCH_PREFIX):
            for left in self.path.glob(f"{prefix}*"):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)

    def release(self) -> None:
        """Remove it, if it is ours."""
        if self.kept():
            shutil.rmtree(self.path, ignore_errors=True)
        self._close()

    def _close(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

"""Where a user's sessions keep what belongs to one machine: sockets, and locks on its devices."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from pathlib import Path

from .private_folders import ensure_private

# What follows takes 36 of the 107 bytes of a socket's path (unix(7)).
_LONGEST_BASE = 70
RUNTIME_VARIABLE = "XDG_RUNTIME_DIR"
_STATE_VARIABLE = "XDG_STATE_HOME"


def runtime_of_all() -> Path:
    """Folder of the sockets of all sessions, short enough for sockets."""
    base = os.environ.get(RUNTIME_VARIABLE)
    # It may be gone: at a logout it is removed for good.
    if base and _is_short(base) and os.access(base, os.W_OK | os.X_OK):
        return Path(base) / "saturn"
    temporary = tempfile.gettempdir()
    if not _is_short(temporary):
        temporary = "/tmp"
    folder = Path(temporary) / f"saturn-{os.getuid()}"
    if _is_of_another(folder) and (own := _runtime_at_home()) is not None:
        return own
    return folder


def _is_short(base: Path | str) -> bool:
    return len(os.fsencode(base)) <= _LONGEST_BASE


def _is_of_another(folder: Path) -> bool:
    """Whether somebody else has made it, as anybody may in a folder for temporary files."""
    try:
        return folder.lstat().st_uid != os.getuid()
    except OSError:
        return False


def _runtime_at_home() -> Path | None:
    """A folder where nobody else makes any, one for each machine that has the same home."""
    try:
        base = Path.home() / ".cache"
    except RuntimeError:
        return None
    machine = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    return base / f"saturn-{machine}" if _is_short(base / "saturn-") else None


def state_of_all() -> Path:
    """Where nobody cleans up, unlike the folder of the sockets.

    That one serves as well where there is no home folder, as in some containers.
    """
    base = os.environ.get(_STATE_VARIABLE)
    try:
        state = Path(base) if base else Path.home() / ".local" / "state"
    except RuntimeError:
        return runtime_of_all()
    # Where a home cannot be entered, as once its ticket has expired, nothing is there.
    present = next((each for each in (state, *state.parents) if os.access(each, os.F_OK)), None)
    if state.is_absolute() and present is not None and os.access(present, os.W_OK | os.X_OK):
        return state / "jupyterlab-saturn"
    return runtime_of_all()


def launch_records() -> Path:
    """Folder of what is known of all sessions of the user on this machine."""
    return state_of_all() / "sessions"


def ensure_state(folder: Path) -> Path:
    """Make a folder of what all sessions share. Raises like `ensure_private`."""
    ensure_private(folder.parent, _STATE_VARIABLE)
    return ensure_private(folder, _STATE_VARIABLE)

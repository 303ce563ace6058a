"""What a page is told of each session before it talks to any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..agent.agent_lock import agent_alive
from ..errors import SaturnError
from ..paths import SessionPaths
from ..wire import validate
from .session_finder import FoundSession

if TYPE_CHECKING:
    from ..generated.wire_types import SessionEntry, SessionSummary

_MOST_BYTES = 1 << 16


def entry_of(found: FoundSession, root: Path) -> SessionEntry:
    """A session as it is listed.

    Parameters
    ----------
    root
        The server's folder, without symbolic links.
    """
    summary = _summary(found.paths)
    awake = is_awake(found.paths)
    busy = summary is not None and (summary["goal"] != "none" or summary["running"] > 0)
    notebooks = [] if found.record is None else found.record["notebooks"]
    entry: SessionEntry = {
        "id": found.id,
        "session": found.paths.name,
        "folder": _shown(_place(found.paths.folder), root),
        "path": str(found.paths.folder),
        "notebooks": [_shown(Path(notebook), root) for notebook in notebooks],
        "state": "asleep" if not awake else "running" if busy else "idle",
    }
    if summary is not None:
        entry |= {
            "since": summary["since"],
            "tasks": summary["tasks"],
            "trained": summary["trained"],
            "failed": summary["failed"],
            "running": summary["running"] if awake else 0,
        }
    return entry


def is_awake(paths: SessionPaths) -> bool:
    """Whether the session's agent runs, as far as that may be seen."""
    try:
        return agent_alive(paths)
    except OSError:
        return False


def _summary(paths: SessionPaths) -> SessionSummary | None:
    try:
        with paths.summary.open("rb") as file:
            found: Any = json.loads(file.read(_MOST_BYTES))
        validate("SessionSummary", found)
    except (OSError, ValueError, RecursionError, SaturnError):
        return None
    summary: SessionSummary = found
    return summary


def _place(folder: Path) -> Path:
    """The folder of the notebooks: a session lies in `.saturn` beside them."""
    home = folder.parent
    return home.parent if home.name == ".saturn" else home


def _shown(path: Path, root: Path) -> str:
    """A path from the server's folder on, where it is within."""
    try:
        real = path.resolve()
    except (OSError, RuntimeError):
        return str(path)
    if not real.is_relative_to(root):
        return str(path)
    return "" if real == root else real.relative_to(root).as_posix()

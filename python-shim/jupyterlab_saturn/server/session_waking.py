"""How a session whose agent does not run is started without a notebook."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from ..agent.agent_launch import AgentPlace, ensure_agent
from ..errors import SaturnError
from .session_finder import FoundSession
from .session_presence import session_gone


def wake(found: FoundSession) -> None:
    """Start a session's agent, unless it runs, as the notebooks that used it did.

    Takes seconds: not for the server's own thread.

    Raises
    ------
    SaturnError
        Why it cannot be started; ``no-session`` when its folder is gone, ``no-python`` when the
        interpreter of its notebooks is gone, ``no-torch`` when they are not known and the server's
        own cannot train.
    """
    if not found.paths.exists:  # an agent would make it anew, and empty
        raise SaturnError.from_json(session_gone(found.paths.name))
    ensure_agent(found.paths, place=_place(found))


def _place(found: FoundSession) -> AgentPlace:
    home = found.paths.folder.parent
    record = found.record
    if record is None:
        _require_torch(found)
        return AgentPlace(sys.executable, str(home.parent), {})
    python = record["python"]
    if not Path(python).is_file() or not os.access(python, os.X_OK):
        raise SaturnError(
            "no-python",
            f"The Python that session {found.paths.name!r} was used with is not there any more: "
            f"{python}.",
            "Open its notebook with a kernel that is there, and run %saturn status.",
        )
    cwd = record["cwd"] if Path(record["cwd"]).is_dir() else str(home.parent)
    return AgentPlace(python, cwd, record["variables"])


def _require_torch(found: FoundSession) -> None:
    if importlib.util.find_spec("torch") is None:
        raise SaturnError(
            "no-torch",
            f"It is not known with which Python session {found.paths.name!r} was used, and that of "
            f"the Jupyter server, {sys.executable}, has no PyTorch.",
            "Open its notebook and run %saturn status; then it is known.",
        )

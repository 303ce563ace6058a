"""Plan and run many PyTorch finetuning jobs on few GPUs, from a notebook."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import SaturnError
from .loop import checkpoint, report, restore, steps
from .scalar_log import log
from .task import Task, by_keyword

if TYPE_CHECKING:
    from .kernel.ranges import between
    from .kernel.session import Session

__all__ = [
    "Session",
    "Task",
    "__version__",
    "between",
    "by_keyword",
    "checkpoint",
    "log",
    "report",
    "restore",
    "session",
    "steps",
]

__version__ = "0.1.0"


def session(name: str | None = None, home: Path | str | None = None) -> Session:
    """The session of a name, or without one the session that magics mean.

    Parameters
    ----------
    name
        Name of the session.
    home
        Folder of all sessions; ``$SATURN_HOME``, else ``.saturn`` in the working folder.

    Raises
    ------
    SaturnError
        ``unsupported-system`` on Windows.
    """
    _refuse_windows()
    from .kernel.session_registry import sessions

    if name is None and home is None:
        return sessions.current
    return sessions.get(name or "default", home)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext jupyterlab_saturn``"""
    _refuse_windows()
    from .kernel.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext jupyterlab_saturn``"""
    from .kernel.extension import unload

    unload(ipython)


def _refuse_windows() -> None:
    if sys.platform == "win32":
        raise SaturnError(
            "unsupported-system",
            "jupyterlab-saturn works on Linux and macOS, not on Windows itself.",
            "Start Jupyter within WSL 2, where Linux programs can use the GPUs of Windows.",
        )


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where JupyterLab finds the front end."""
    return [{"src": "labextension", "dest": "jupyterlab-saturn"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """What a Jupyter server loads, so that pages reach sessions without a kernel."""
    return [{"module": "jupyterlab_saturn.server"}]


def __getattr__(name: str) -> Any:
    # Loaded when asked for (PEP 562): training processes import this package and need no kernel.
    if name == "Session":
        from .kernel.session import Session

        return Session
    if name == "between":
        from .kernel.ranges import between

        return between
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

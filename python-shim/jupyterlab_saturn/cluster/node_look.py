"""What a node would run, told by itself.

Ray is given this function by value: the package need not be there.
"""

from __future__ import annotations

from typing import TypedDict


class NodeLook(TypedDict):
    """What is found on a node; `package` is None where this package is not installed."""

    package: str | None
    python: str
    user: int


def look() -> NodeLook:
    """Look at the node where this runs. It may use nothing of its module."""
    import os
    import platform

    try:
        import jupyterlab_saturn
    except ImportError:
        package = None
    else:
        package = jupyterlab_saturn.__version__
    return {"package": package, "python": platform.python_version(), "user": os.getuid()}

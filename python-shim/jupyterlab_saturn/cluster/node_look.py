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
        from jupyterlab_saturn import __version__ as package
    except ImportError:
        package = None
    return {"package": package, "python": platform.python_version(), "user": os.getuid()}

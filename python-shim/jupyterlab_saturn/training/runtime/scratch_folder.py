"""Where the processes that load data for a rank keep their sockets."""

from __future__ import annotations

import tempfile
from multiprocessing import util
from pathlib import Path

_SOCKET_BYTES = 107  # unix(7), less the final zero
_INSIDE = "/pymp-xxxxxxxx/listener-xxxxxxxx"


def use_scratch(folder: Path) -> None:
    """Have `multiprocessing` put its temporary files into a folder that the agent removes.

    A process that is killed cannot remove its own. Nothing happens when the folder's path is too
    long for sockets in it.
    """
    if len(f"{folder}{_INSIDE}".encode()) > _SOCKET_BYTES:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        util.get_temp_dir()  # made once, and handed on to all children
    finally:
        tempfile.tempdir = before

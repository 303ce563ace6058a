"""The folder in which a node keeps what it needs of a session whose folder it does not share."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from ..paths import SessionPaths
from ..private_folders import make_private
from ..user_folders import ensure_state, state_of_all

_MARK = ".carried"
"""No name of a session, which may be beside it where the folder is shared."""

_KEPT_BYTES = 10 << 30
_KEPT_SECONDS = 7 * 86_400.0


def nodes_folder() -> Path:
    """Where the folders of all sessions of other machines are."""
    return state_of_all() / "elsewhere"


def make_node_folder(session: str, node: str) -> SessionPaths:
    """Have a folder of a session of another machine; those nobody uses any more are removed.

    Parameters
    ----------
    session
        The session's folder, where it is.
    """
    home = ensure_state(nodes_folder())
    _sweep(home)
    digest = hashlib.sha256(f"{session}\0{node}".encode()).hexdigest()[:16]
    paths = SessionPaths.of_folder(home / digest / Path(session).name, node)
    paths.folder.mkdir(0o700, parents=True, exist_ok=True)
    home.joinpath(digest).chmod(0o700)
    (home / digest / _MARK).write_text(session, "utf-8")
    os.utime(home / digest)
    return paths.ensure()


def remove_node_folder(paths: SessionPaths) -> None:
    """Remove it: what the session is to have has it."""
    shutil.rmtree(paths.folder.parent, ignore_errors=True)


def is_node_folder(paths: SessionPaths) -> bool:
    """Whether a session's paths on this node are of such a folder."""
    return paths.node is not None and (paths.folder.parent / _MARK).exists()


def session_folder(paths: SessionPaths) -> str:
    """The session's folder, where it is."""
    return (paths.folder.parent / _MARK).read_text("utf-8")


def passing(paths: SessionPaths) -> Path:
    """Where what comes, goes and is dropped is meanwhile; an agent begins with none."""
    return paths.own / "passing"


async def trim(
    paths: SessionPaths, is_used: Callable[[str], bool], most: int = _KEPT_BYTES
) -> None:
    """Drop tasks that are over, and weights, the longest unused first, until few enough are left.

    Parameters
    ----------
    is_used
        Whether a task or weights of a name are in use.
    most
        Bytes to keep; no more than half of what is free besides.
    """
    sizes = await asyncio.to_thread(_sizes, paths)
    with contextlib.suppress(OSError):
        most = min(most, shutil.disk_usage(paths.folder).free // 2)
    total = sum(sizes.values())
    for entry, size in sizes.items():
        if total <= most:
            return
        if is_used(entry.name):
            continue
        # Out of the way at once: who begins with it from here on has it brought anew.
        dropped = passing(paths) / secrets.token_hex(8)
        with contextlib.suppress(OSError):
            make_private(dropped.parent)
            entry.rename(dropped)
            await asyncio.to_thread(shutil.rmtree, dropped, ignore_errors=True)
            total -= size


def _sizes(paths: SessionPaths) -> dict[Path, int]:
    """Bytes of what may be dropped, the longest unused first."""
    kept = [entry for home in (paths.tasks, paths.weights_home) for entry in _children(home)]
    return {entry: _size(entry) for entry in sorted(kept, key=_age)}


def _sweep(home: Path) -> None:
    """Remove folders that were left by who was killed, once no agent has used one for long."""
    for entry in _children(home):
        if time.time() - _age(entry) > _KEPT_SECONDS and not _is_in_use(entry):
            shutil.rmtree(entry, ignore_errors=True)


def _is_in_use(entry: Path) -> bool:
    for lock in entry.glob("*/nodes/*/agent.lock"):
        with contextlib.suppress(OSError), lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _age(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:
        return 0.0


def _size(entry: Path) -> int:
    total = 0
    for folder, _, names in os.walk(entry):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(folder, name).lstat().st_size
    return total

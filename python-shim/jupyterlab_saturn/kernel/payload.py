"""Captured functions and their worlds on disk, where training processes find them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..errors import SaturnError
from ..paths import SessionPaths
from .capture import Captured
from .world import World


def store(paths: SessionPaths, captured: Captured, world: World) -> None:
    """Write a captured function and its world into the session: for its owner alone.

    Raises SaturnError ``not-writable``.
    """
    _write(paths.payload(captured.file), captured.payload)
    _write(paths.world(world.file), world.content)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise SaturnError(
            "not-writable",
            f"The function cannot be written to {path}: {error.strerror}.",
            "Make room or give yourself access, then run the cell again.",
        ) from error

"""Captured functions on disk, where training processes find them."""

from __future__ import annotations

import os
from contextlib import suppress

from ..errors import SaturnError
from ..paths import SessionPaths
from .capture import Captured


def store(paths: SessionPaths, captured: Captured) -> None:
    """Write a captured function into the session: for its owner alone, and whole or not at all.

    Raises SaturnError ``not-writable``.
    """
    path = paths.payload(captured.file)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(captured.payload)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise SaturnError(
            "not-writable",
            f"The function cannot be written to {path}: {error.strerror}.",
            "Make room or give yourself access, then run the cell again.",
        ) from error

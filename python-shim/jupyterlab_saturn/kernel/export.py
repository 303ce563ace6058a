"""A session written into a file that works without it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..generated.wire_types import ExportFormat

_FORMATS: Mapping[str, ExportFormat] = {
    ".html": "html",
    ".htm": "html",
    ".svg": "svg",
    ".csv": "csv",
    ".json": "json",
}


def format_of(path: Path) -> ExportFormat:
    """What a file of a name holds. Raises SaturnError ``bad-format``."""
    suffix = path.suffix.lower()
    found = _FORMATS.get(suffix)
    if found is not None:
        return found
    if suffix == ".png":
        raise SaturnError(
            "bad-format",
            "PNG is made by browsers alone.",
            "In JupyterLab: File, Export Saturn Session, Schedule as PNG. Here: a file .svg.",
        )
    raise SaturnError(
        "bad-format",
        f"What {path.name!r} is to hold is told by its ending, and that is none of these.",
        "End it with .html (a report), .svg (the schedule), .csv (the tasks) or .json (the plan).",
    )


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises SaturnError ``not-written``."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, "utf-8", newline="")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SaturnError(
            "not-written",
            f"{path} could not be written: {error.strerror or error}.",
            "Name a file in a folder that exists and that you may write to.",
        ) from None

"""What a checkpoint says of itself, and by what a damaged one shows."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy, Validation

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class FileFingerprint(TypedDict):
    """By what a damaged file shows: its size in bytes and its CRC-32."""

    size: int
    crc32: int


class CheckpointDetails(TypedDict):
    """What whoever saves wants to find again."""

    task: NotRequired[str]
    strategy: NotRequired[Strategy]
    loss: NotRequired[float | None]
    validations: NotRequired[list[Validation]]
    torch: NotRequired[str]
    rungLosses: NotRequired[dict[str, list[float]]]
    """Of a task that is compared with others: see `RungLosses.details`."""
    ended: NotRequired[int]
    """Of a finished task: after which step it ended."""
    bestStep: NotRequired[int]
    """Of a finished task that keeps its best model: the step of that."""


class Manifest(CheckpointDetails):
    """What a checkpoint says of itself."""

    v: int
    step: int
    identity: str
    files: dict[str, FileFingerprint]
    attempt: int
    """Which attempt at the task has saved it; 0 where there are none."""


Place = tuple[int, int]
"""Step and attempt of a checkpoint: no two have the same."""


def read_manifest(folder: Path) -> Manifest | None:
    """What the checkpoint in a folder says of itself; None when that cannot be read."""
    try:
        manifest: Manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest.setdefault("attempt", 0)
        complete = manifest["v"] == 1 and {"step", "identity", "files"} <= manifest.keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return manifest if complete else None


def place_of(manifest: Manifest) -> Place:
    """Step and attempt of a checkpoint."""
    return manifest["step"], manifest["attempt"]


def fingerprint(path: Path) -> FileFingerprint:
    """Size and CRC-32 of a file."""
    checksum, size = 0, 0
    for chunk in chunks(path):
        checksum = zlib.crc32(chunk, checksum)
        size += len(chunk)
    return {"size": size, "crc32": checksum}


def chunks(path: Path) -> Iterator[bytes]:
    """The content of a file, bit by bit."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk

"""Follows the log of a task as it grows."""

from __future__ import annotations

import contextlib
import json
import math
import os
from pathlib import Path
from typing import Any

from ..errors import Json
from .tracker import Point, TrainedBy

_CHUNK_BYTES = 1 << 20

_FIGURES = {
    "loss": "train/loss",
    "lr": "train/lr",
    "grad_norm": "train/grad_norm",
    "step_seconds": "speed/step_seconds",
    "samples_per_second": "speed/samples_per_second",
    "peak_bytes": "speed/peak_bytes",
}


class LogFollower:
    """Reads the whole lines of a log, each once, from a position on.

    A log that was begun anew is read from its beginning.

    Parameters
    ----------
    path
        Of the log; it need not be there yet.
    position
        Bytes that are read already, of the file of that `inode`.
    """

    def __init__(self, path: Path, position: int = 0, inode: int = 0) -> None:
        self._path = path
        self.position = position
        self.inode = inode

    def read(self) -> list[Json]:
        """What has come since, about a megabyte at most. Raises OSError, but for want of a file."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        try:
            status = os.fstat(file)
            if status.st_ino != self.inode or status.st_size < self.position:
                self.inode, self.position = status.st_ino, 0
            data = os.pread(file, _CHUNK_BYTES, self.position)
        finally:
            os.close(file)
        whole = data[: data.rfind(b"\n") + 1]
        self.position += len(whole)
        return [line for text in whole.splitlines() if (line := _parsed(text)) is not None]


def _parsed(text: bytes) -> Json | None:
    with contextlib.suppress(ValueError):  # torn when its process was killed
        line = json.loads(text)
        if isinstance(line, dict) and isinstance(line.get("step"), int):
            return line
    return None


def segment_of(line: Json) -> TrainedBy | None:
    """The segment that a line begins, if it does."""
    segment = line.get("segment")
    if segment is None:
        return None
    return TrainedBy(
        segment["attempt"],
        segment["strategy"]["technique"],
        segment["node"],
        segment["strategy"]["devices"],
    )


def point_of(line: Json, begins: TrainedBy | None) -> Point:
    """The point that a line of a step, or of an evaluation, stands for."""
    at = float(line.get("time", 0))
    if "eval" in line:
        measured = {f"eval/{name}": _number(value) for name, value in line["eval"].items()}
        return Point(line["step"], at, "eval", measured)
    values = {told: _number(line[name]) for name, told in _FIGURES.items() if name in line}
    for name, value in line.get("metrics", {}).items():
        values.setdefault(f"train/{name}", _number(value))
    if begins is not None:
        values["saturn/devices"] = float(begins.devices)
    return Point(line["step"], at, "step", values, begins)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)

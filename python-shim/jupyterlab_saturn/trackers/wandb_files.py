"""What Weights & Biases has of a run in its files, which hold what is sent, or is to be sent."""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wandb.proto import wandb_internal_pb2

from .tracker import Marks

_HEADER_BYTES = 7
_BLOCK_BYTES = 32768
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HELD_SECONDS = 10.0


def marks_of(folder: Path, run: str) -> Marks:
    """The highest step, and that with an evaluation, in all files of a run below a folder."""
    marks = Marks()
    for path in folder.glob(f"wandb/*run-*-{run}/run-{run}.wandb"):
        _await_writer(path)
        for history in _histories(path):
            step = int(history["trainer/step"])
            if any(name.startswith("eval/") for name in history):
                marks = marks._replace(evals=max(marks.evals, step))
            else:
                marks = marks._replace(steps=max(marks.steps, step))
    return marks


def _histories(path: Path) -> Iterator[dict[str, float]]:
    for data in _records(path.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            items = {
                item.key or "/".join(item.nested_key): json.loads(item.value_json)
                for item in record.history.item
            }
            if "trainer/step" in items:
                yield items


def _records(data: bytes) -> Iterator[bytes]:
    """The whole records of a file, in LevelDB's log format; one that is torn ends it."""
    place, parts = _HEADER_BYTES, b""
    while place + _HEADER_BYTES <= len(data):
        left = _BLOCK_BYTES - place % _BLOCK_BYTES
        if left < _HEADER_BYTES:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        place += _HEADER_BYTES
        body = data[place : place + length]
        if len(body) < length or not _WHOLE <= kind <= _LAST:
            return
        place += length
        if kind == _WHOLE:
            yield body
        elif kind == _FIRST:
            parts = body
        else:
            parts += body
            if kind == _LAST:
                yield parts


def _await_writer(path: Path) -> None:
    """Wait until nobody writes a file: a helper outlives its killed exporter for a moment."""
    deadline = time.monotonic() + _HELD_SECONDS
    while time.monotonic() < deadline and _is_held(path):
        time.sleep(0.1)


def _is_held(path: Path) -> bool:
    for holder in Path("/proc").glob("[0-9]*/fd"):
        if holder.parent.name == str(os.getpid()):
            continue
        with suppress(OSError):
            for file in holder.iterdir():
                with suppress(OSError):
                    if file.samefile(path):
                        return True
    return False

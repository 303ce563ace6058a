"""TensorBoard, by event files that it reads; PyTorch's own writer would load PyTorch."""

from __future__ import annotations

import io
import itertools
import os
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from ..private_folders import ensure_private
from .tracker import Ending, Marks, Point, Run, TrackedRun, Tracker

_VERSION = "brain.Event:2"

_ENDINGS = {
    "finished": api_pb2.STATUS_SUCCESS,
    "failed": api_pb2.STATUS_FAILURE,
    "stopped": api_pb2.STATUS_UNKNOWN,
}

_numbers = itertools.count(1)


class TensorBoardTracker(Tracker):
    """A folder of event files for each run."""

    def open(self, run: Run) -> TrackedRun:
        return _TensorBoardRun(self.folder / run.folder, run)


class _TensorBoardRun(TrackedRun):
    """An event for each point: whole in the file, or not in it at all."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._folder = ensure_private(folder)
        self._run = run
        self._file: int | None = None
        self._size = 0
        self._last = 0

    def told(self) -> Marks:
        marks = Marks()
        files = sorted(self._folder.glob("events.out.tfevents.*"))
        for event in itertools.chain.from_iterable(map(_events, files)):
            tags = [value.tag for value in event.summary.value]
            if any(tag.startswith("eval/") for tag in tags):
                marks = marks._replace(evals=max(marks.evals, event.step))
            elif any(tag.startswith(("train/", "speed/")) for tag in tags):
                marks = marks._replace(steps=max(marks.steps, event.step))
        self._last = max(0, *marks)
        if not files:
            parameters = {
                name: value if isinstance(value, bool | int | float) else str(value)
                for name, value in self._run.parameters.items()
            }
            begun = summary_v2.hparams_pb(parameters, trial_id=self._run.key)
            facts = "  \n".join(f"{name}: {value}" for name, value in self._run.facts.items())
            begun.value.append(_text("saturn/facts", facts))
            self._write([(0, time.time(), begun)])
        return marks

    def tell(self, points: Sequence[Point]) -> None:
        self._write([(point.step, point.time, _summary(point)) for point in points])
        self._last = max(self._last, points[-1].step)

    def end(self, ending: Ending) -> None:
        info = plugin_data_pb2.SessionEndInfo(
            status=_ENDINGS[ending.outcome], end_time_secs=time.time()
        )
        content = plugin_data_pb2.HParamsPluginData(session_end_info=info)
        summary = summary_pb2.Summary()
        summary.value.add(
            tag=metadata.SESSION_END_INFO_TAG,
            metadata=metadata.create_summary_metadata(content),
            tensor=metadata.NULL_TENSOR,
        )
        said = [ending.outcome, ending.reason, ending.model and f"Model: {ending.model}"]
        summary.value.append(_text("saturn/status", "  \n".join(filter(None, said))))
        self._write([(self._last, time.time(), summary)])

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, events: Sequence[tuple[int, float, Any]]) -> None:
        if self._file is None:
            self._begin()
        assert self._file is not None
        buffer = io.BytesIO()
        writer = RecordWriter(buffer)
        for step, at, summary in events:
            event = event_pb2.Event(step=step, wall_time=at, summary=summary)
            writer.write(event.SerializeToString())
        self._append(buffer.getvalue())

    def _begin(self) -> None:
        # The order of names is that in which TensorBoard reads: two within a second differ, too.
        now = int(time.time())
        name = f"events.out.tfevents.{now:010d}.{next(_numbers):06d}"
        path = self._folder / f"{name}.{socket.gethostname()}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._size = 0
        buffer = io.BytesIO()
        version = event_pb2.Event(wall_time=time.time(), file_version=_VERSION)
        RecordWriter(buffer).write(version.SerializeToString())
        self._append(buffer.getvalue())

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            # A full disk may have taken a part; what follows one that is torn nobody reads.
            os.ftruncate(self._file, self._size)
            raise
        self._size += written


def _events(path: Path) -> Iterator[Any]:
    for data in RawEventFileLoader(str(path)).Load():
        event = event_pb2.Event()
        event.ParseFromString(data)
        yield event


def _summary(point: Point) -> Any:
    summary = summary_pb2.Summary()
    for name, value in point.values.items():
        summary.value.add(tag=name, simple_value=value)
    if point.begins is not None:
        summary.value.append(_text("saturn/segments", str(point.begins)))
    return summary


def _text(tag: str, text: str) -> Any:
    return summary_pb2.Summary.Value(
        tag=tag,
        metadata=text_metadata.create_summary_metadata(display_name=tag, description=""),
        tensor=make_tensor_proto([text]),
    )

"""The folder of a trained model for others, written by who has trained it."""

from __future__ import annotations

import json
import logging
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ... import __version__
from ...paths import SessionPaths
from ..model_folder.hub_folder import write_hub_folder
from ..model_folder.training_facts import (
    TaskSizes,
    TrainedResult,
    TrainedSegment,
    TrainingFacts,
    training_facts,
)
from .safetensors_file import convert

if TYPE_CHECKING:
    from ...generated.wire_types import Result, TaskSpec, Validation

_log = logging.getLogger(__name__)

_SPARE = 3.0
"""Others train beside it, who need the room more."""


def give_model(
    paths: SessionPaths,
    spec: TaskSpec,
    result: Result,
    *,
    step: int,
    validations: list[Validation],
    sizes: TaskSizes,
) -> None:
    """Write the folder for others of a task that was trained to a step. Never fails a training.

    Where it cannot be written it is made when the model is pushed, which says why if it cannot.
    """
    model = result.get("model")
    if model is None:
        return
    name = spec["name"]
    try:
        facts = _facts(paths, spec, result, step, validations, sizes)
        write_hub_folder(paths.hub_folder(name), paths.folder / model, facts, convert, spare=_SPARE)
    except Exception as error:  # of a package, a disk, a log, or tensors that have no such form
        _log.warning("The folder of %s for others is left out: %s", name, error)


def _facts(
    paths: SessionPaths,
    spec: TaskSpec,
    result: Result,
    step: int,
    validations: list[Validation],
    sizes: TaskSizes,
) -> TrainingFacts:
    trained: TrainedResult = {
        "task": spec["name"],
        "params": dict(spec["params"]),
        "steps": step,
        "loss": result.get("loss"),
        "metrics": result["metrics"],
        "validations": validations,
        "stopped_early": result.get("stoppedEarly", False),
        "best_step": result.get("bestStep"),
    }
    versions = {
        "jupyterlab_saturn": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }
    segments = list(_segments(paths.step_log(spec["name"])))
    return training_facts(spec, paths.name, trained, sizes, segments, versions)


def _segments(log: Path) -> Iterator[TrainedSegment]:
    """Those that a task's log tells of, with the seconds from the first to the last step."""
    segment: TrainedSegment | None = None
    begin = end = 0.0
    for line in _lines(log):
        told = line.get("segment")
        if told is None:
            end = float(line["time"])
            continue
        if segment is not None:
            yield {**segment, "seconds": round(max(0.0, end - begin), 3)}
        begin = end = float(line["time"])
        segment = {
            "attempt": told["attempt"],
            "strategy": told["strategy"],
            "from_step": line["step"],
            "devices": told["strategy"]["devices"],
        }
    if segment is not None:
        yield {**segment, "seconds": round(max(0.0, end - begin), 3)}


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    """Segments of a log, and the line before each and at the end."""
    last = ""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if '"segment":' in line:
                    yield from _parsed(last)
                    yield from _parsed(line)
                last = line
    except OSError:
        return
    yield from _parsed(last)


def _parsed(line: str) -> Iterator[dict[str, Any]]:
    try:
        told = json.loads(line)
    except ValueError:  # torn
        return
    if isinstance(told, dict) and {"step", "time"} <= told.keys():
        yield told

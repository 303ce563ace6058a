"""The log of a task: a line of JSON for each step, evaluation and segment.

A step that is trained again gets another line, which is the one that counts.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ..runtime.appended_file import AppendedFile
from .step_window import StepFigures
from .training_observer import LoggedSteps, TrainingObserver

if TYPE_CHECKING:
    from ...generated.wire_types import Result, Strategy


class Segment(TypedDict):
    """Under what the steps that follow are trained; `devices` are their ids."""

    attempt: int
    strategy: Strategy
    node: str
    devices: Sequence[str]


class StepLog(TrainingObserver):
    """Appends to a task's log what the first rank sees. Never fails a training.

    Parameters
    ----------
    path
        Its file; begun anew by a training that begins at its first step.
    """

    def __init__(self, path: Path, segment: Segment) -> None:
        self._file = AppendedFile(path)
        self._segment: Segment | None = segment
        self._began = 0
        self._early: list[tuple[float, int, dict[str, float | None]]] = []

    def started(self, step: int) -> None:
        self._began = step

    def logged(self, steps: LoggedSteps) -> None:
        if self._segment is not None:  # only now: an attempt may end without a step
            if self._began == 0:
                self._file.restart()
            begin = steps.ended_at - steps.step_seconds * len(steps.figures)
            self._append(self._began, begin, "segment", self._segment)
            self._segment = None
            self._append_early()
        self._file.append("".join(_lines(steps)))

    def validated(self, step: int, metrics: dict[str, float | None]) -> None:
        if not metrics:
            return
        if self._segment is not None:  # its steps are not agreed on yet: the segment comes first
            self._early.append((time.time(), step, metrics))
        else:
            self._append(step, time.time(), "eval", metrics)

    def finished(self, step: int, result: Result) -> None:
        self.validated(step, result["metrics"])
        self._append_early()
        self._file.close()

    def stopped(self, step: int) -> None:
        self._append_early()
        self._file.close()

    def _append_early(self) -> None:
        early, self._early = self._early, []
        for at, step, metrics in early:
            self._append(step, at, "eval", metrics)

    def _append(self, step: int, at: float, kind: str, what: Mapping[str, object]) -> None:
        line = {"step": step, "time": round(at, 3), kind: what}
        self._file.append(json.dumps(line, separators=(",", ":")) + "\n")


def _lines(steps: LoggedSteps) -> Iterator[str]:
    # Written by hand, in a fifth of the time: small models make thousands of steps a second.
    seconds = steps.step_seconds
    rest = f',"step_seconds":{_number(seconds)}'
    if steps.samples is not None and seconds > 0:
        rest += f',"samples_per_second":{_number(steps.samples / seconds)}'
    rest += f',"peak_bytes":{steps.peak_bytes}'
    count = len(steps.figures)
    for place, figures in enumerate(steps.figures, 1):
        at = steps.ended_at - (count - place) * seconds
        head = f'{{"step":{steps.last - count + place},"time":{at:.3f}'
        yield f"{head}{_figures(figures)}{rest}{_metrics(figures)}}}\n"


def _figures(figures: StepFigures) -> str:
    known = (
        ("loss", figures.loss),
        ("lr", figures.rate),
        ("grad_norm", figures.gradient_norm),
    )
    return "".join(f',"{name}":{_number(value)}' for name, value in known if value is not None)


def _metrics(figures: StepFigures) -> str:
    if not figures.logged:
        return ""
    pairs = (f"{json.dumps(name)}:{_number(value)}" for name, value in figures.logged.items())
    return f',"metrics":{{{",".join(pairs)}}}'


def _number(value: float) -> str:
    """In JSON; nine digits are what a number of single precision has."""
    return format(value, ".9g") if math.isfinite(value) else "null"

"""What tasks logged of their steps, as it lies in their folders."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..paths import SessionPaths
from ..scalar_log import EVALUATED, OF_STEPS

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

_END_BYTES = 1 << 16
_END_GROWS = 8
"""How much more of a log's end is read each time that it does not have enough."""

Row = dict[str, Any]
"""A step: its number as ``step``, and what was logged of it by name; None for no number."""


def task_of(state: SessionState, name: str) -> TaskState:
    """A task by its name. Raises SaturnError ``unknown-task``."""
    for task in state["tasks"]:
        if task["spec"]["name"] == name:
            return task
    raise SaturnError(
        "unknown-task", f"There is no task {name!r}.", "See their names: %saturn status"
    )


def logged_steps(path: Path) -> list[Row]:
    """All steps of a task's log, in their order; none where there is no log.

    Of a step that was trained again the last time counts, and those after it are there once they
    are trained again. What is no line of a log, such as one that was torn, is passed over.
    """
    try:
        with path.open("rb") as file:
            return _rows(file)
    except OSError:
        return []


def last_steps(path: Path, count: int) -> list[Row]:
    """As `logged_steps`, of so many last steps. Reads no more of the log than it takes."""
    size = _END_BYTES
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            while True:
                file.seek(max(0, length - size))
                if size < length:
                    file.readline()  # a part of one
                rows = _rows(file)
                # One more: of the first step there may be lines before.
                if size >= length or len(rows) > count:
                    return rows[-count:]
                size *= _END_GROWS
    except OSError:
        return []


def _rows(lines: Iterable[bytes]) -> list[Row]:
    steps: dict[int, Row] = {}
    evaluations: dict[int, Row] = {}
    for line in _parsed(lines):
        step, metrics = line["step"], line.get("metrics")
        if isinstance(line.get("eval"), dict):
            _drop_after(evaluations, step)
            known = {f"{EVALUATED}{name}": value for name, value in line["eval"].items()}
            evaluations.setdefault(step, {}).update(known)
        elif "segment" in line:
            _drop_after(evaluations, step)  # an attempt that does not know of them
        else:
            _drop_after(steps, step)
            steps[step] = {
                **{name: line[name] for name in (*OF_STEPS, "time") if name in line},
                **(metrics if isinstance(metrics, dict) else {}),
            }
    return [
        {"step": step, **steps.get(step, {}), **evaluations.get(step, {})}
        for step in sorted({*steps, *evaluations})
    ]


def _drop_after(rows: dict[int, Row], step: int) -> None:
    """Drop the rows of later steps, which are the last ones that were added."""
    while rows and next(reversed(rows)) > step:
        rows.popitem()


def history_of(paths: SessionPaths, state: SessionState, tasks: str | Iterable[str] | None) -> Any:
    """As `SessionViews.history`."""
    if tasks is None:
        names = [task["spec"]["name"] for task in state["tasks"]]
    else:
        names = [tasks] if isinstance(tasks, str) else list(tasks)
        for name in names:
            task_of(state, name)
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        found: Any = [
            {"task": name, **row} for name in names for row in logged_steps(paths.step_log(name))
        ]
    else:
        frames = {name: _framed(pandas, paths.step_log(name)) for name in names}
        found = frames[tasks] if isinstance(tasks, str) else _joined(pandas, frames)
    if not len(found):
        raise SaturnError(
            "nothing-logged",
            f"{', '.join(names[:3]) or 'This session'} logged no step yet.",
            "Steps are logged while tasks train: %saturn run, and %saturn status says how far they "
            "are.",
        )
    return found


def columns_of(rows: Iterable[Iterable[str]]) -> list[str]:
    """Names of what rows hold: what is logged of every step, the time, what tasks log, metrics."""
    names = dict.fromkeys(name for row in rows for name in row)
    always = [name for name in (*OF_STEPS, "time") if name in names]
    others = [name for name in names if name not in {*always, "step", "task"}]
    return [*always, *sorted(others, key=lambda name: name.startswith(EVALUATED))]


def _framed(pandas: Any, path: Path) -> Any:
    """A DataFrame of a task's log, whose rows, which take many times its memory, are let go."""
    rows = logged_steps(path)
    steps = pandas.Index([row["step"] for row in rows], name="step")
    columns = {name: [row.get(name) for row in rows] for name in columns_of(rows)}
    return pandas.DataFrame(columns, index=steps, dtype="float64")


def _joined(pandas: Any, frames: Mapping[str, Any]) -> Any:
    """One DataFrame of those of several tasks; nothing of nothing."""
    kept = {name: frame for name, frame in frames.items() if len(frame)}
    if not kept:
        return ()
    columns = columns_of(frame.columns for frame in kept.values())
    return pandas.concat(kept, names=["task"])[columns]


def _parsed(lines: Iterable[bytes]) -> Iterator[Row]:
    for text in lines:
        try:
            line = json.loads(text.decode("utf-8", "replace"))
        except ValueError:
            continue
        if isinstance(line, dict) and type(line.get("step")) is int:
            yield line

"""What tasks logged of their steps, as it lies in their folders."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..paths import SessionPaths
from ..scalar_log import EVALUATED, OF_STEPS

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

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
    steps: dict[int, Row] = {}
    evaluations: dict[int, Row] = {}
    for line in _lines(path):
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
    rows = [{"task": name, **row} for name in names for row in logged_steps(paths.step_log(name))]
    if not rows:
        raise SaturnError(
            "nothing-logged",
            f"{', '.join(names[:3]) or 'This session'} logged no step yet.",
            "Steps are logged while tasks train: %saturn run, and %saturn status says how far they "
            "are.",
        )
    return _framed(rows, ["step"] if isinstance(tasks, str) else ["task", "step"])


def columns_of(rows: Iterable[Row]) -> list[str]:
    """Names of what rows hold: what is logged of every step, the time, what tasks log, metrics."""
    names = dict.fromkeys(name for row in rows for name in row)
    always = [name for name in (*OF_STEPS, "time") if name in names]
    others = [name for name in names if name not in {*always, "step", "task"}]
    return [*always, *sorted(others, key=lambda name: name.startswith(EVALUATED))]


def _framed(rows: list[Row], index: Sequence[str]) -> Any:
    """A DataFrame of rows, or they themselves where there is no pandas."""
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        return rows
    columns = columns_of(rows)
    places = {name: [row[name] for row in rows] for name in index}
    made = (
        pandas.Index(places["step"], name="step")
        if len(index) == 1
        else pandas.MultiIndex.from_arrays(list(places.values()), names=list(index))
    )
    return pandas.DataFrame(
        {name: [row.get(name) for row in rows] for name in columns}, index=made, dtype="float64"
    )


def _lines(path: Path) -> Iterator[Row]:
    try:
        file = path.open(encoding="utf-8", errors="replace")
    except OSError:
        return
    with file:
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and type(line.get("step")) is int:
                yield line

"""What a task has logged and printed, as far as it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..agent.log_tail import tail
from ..errors import SaturnError
from ..paths import SessionPaths
from .display import View, joined, note, table
from .training_history import Row, columns_of, last_steps, task_of

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

_LINE_BYTES = 400
_COLUMNS_MOST = 10
_NOT_SHOWN = ("step_seconds", "peak_bytes", "time")


def task_log(
    paths: SessionPaths, state: SessionState, name: str, lines: int, steps: int = 10
) -> View:
    """The last steps of a task, and the last lines of each of its processes.

    Those are of its inspection and of its last attempt.

    Raises
    ------
    SaturnError
        ``unknown-task``; ``bad-option`` for less than one line, or a negative number of steps.
    """
    if lines < 1:
        raise SaturnError("bad-option", f"{lines} lines show nothing.", "Write e.g. --lines 100")
    if steps < 0:
        raise SaturnError("bad-option", f"{steps} steps show nothing.", "Write e.g. --steps 20")
    task = task_of(state, name)
    parts = []
    rows = last_steps(paths.step_log(name), steps) if steps > 0 else []
    if rows:
        parts.append(_last_steps(name, rows))
    for title, path in _logs(paths, task):
        text = tail(path, lines * _LINE_BYTES).splitlines()[-lines:]
        if text:
            parts.append(note("\n".join([f"{title} ({path}):", *text])))
    return joined(*parts) if parts else note(f"{name} has logged and printed nothing.")


def _last_steps(name: str, rows: Sequence[Row]) -> View:
    """A table of the last steps of a task."""
    names = [column for column in columns_of(rows) if column not in _NOT_SHOWN]
    head = ["step", *names[: _COLUMNS_MOST - 1]]
    cells = [[_cell(row.get(column)) for column in head] for row in rows]
    more = len(names) - len(head) + 1
    ending = "The last logged step" if len(rows) == 1 else f"The last {len(rows)} logged steps"
    if more > 0:
        ending += f", without {more} further {'column' if more == 1 else 'columns'}"
    ending += f'. All of them: session().history("{name}")'
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    text = "\n".join("  ".join(map(str.rjust, line, widths)).rstrip() for line in (head, *cells))
    return View(f"{text}\n{ending}", table(head, cells, ending))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _logs(paths: SessionPaths, task: TaskState) -> Iterator[tuple[str, Path]]:
    name = task["spec"]["name"]
    yield "When it was built", paths.inspection_log(name)
    if task["attempts"]:
        attempt = task["attempts"][-1]
        folder = paths.attempt(name, attempt["number"])
        for rank in range(attempt["strategy"]["devices"]):
            yield f"Attempt {attempt['number']}, rank {rank}", folder / f"rank{rank}.log"

"""What a task has printed, as far as it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..agent.log_tail import tail
from ..errors import SaturnError
from ..paths import SessionPaths
from .display import View, joined, note

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

_LINE_BYTES = 400


def task_log(paths: SessionPaths, state: SessionState, name: str, lines: int) -> View:
    """The last lines of each process of a task: of its inspection and of its last attempt.

    Raises
    ------
    SaturnError
        ``unknown-task``; ``bad-option`` for less than one line.
    """
    if lines < 1:
        raise SaturnError("bad-option", f"{lines} lines show nothing.", "Write e.g. --lines 100")
    task = next((each for each in state["tasks"] if each["spec"]["name"] == name), None)
    if task is None:
        raise SaturnError(
            "unknown-task", f"There is no task {name!r}.", "See their names: %saturn status"
        )
    parts = []
    for title, path in _logs(paths, task):
        text = tail(path, lines * _LINE_BYTES).splitlines()[-lines:]
        if text:
            parts.append(note("\n".join([f"{title} ({path}):", *text])))
    return joined(*parts) if parts else note(f"{name} has printed nothing.")


def _logs(paths: SessionPaths, task: TaskState) -> Iterator[tuple[str, Path]]:
    name = task["spec"]["name"]
    yield "When it was built", paths.inspection_log(name)
    if task["attempts"]:
        attempt = task["attempts"][-1]
        folder = paths.attempt(name, attempt["number"])
        for rank in range(attempt["strategy"]["devices"]):
            yield f"Attempt {attempt['number']}, rank {rank}", folder / f"rank{rank}.log"

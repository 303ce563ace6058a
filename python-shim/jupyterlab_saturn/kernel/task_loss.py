"""What goes when tasks are taken out: nobody is to lose hours of training by a word."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from ..errors import SaturnError
from .duration import duration

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState

_NAMED = 3
_ACTIVE = ("starting", "running", "stopping")


def refuse_loss(state: SessionState, names: Collection[str] | None, order: str) -> None:
    """Refuse to take out tasks that were trained, in whole or in part.

    Parameters
    ----------
    state
        The session.
    names
        Names of the tasks to take out; all when None.
    order
        What to write to take them out all the same, and say so: ``%saturn reset --yes``.

    Raises
    ------
    SaturnError
        ``trained-tasks``, with how many they are and how long they have trained.
    """
    chosen = [each for each in state["tasks"] if names is None or each["spec"]["name"] in names]
    trained = [each for each in chosen if each["status"] == "finished"]
    begun = [each for each in chosen if each["status"] != "finished" and each["progress"]["step"]]
    if not trained and not begun:
        return
    counts = [
        *([_count(len(trained), "trained task")] if trained else []),
        *([_count(len(begun), "task") + " trained in part"] if begun else []),
    ]
    held = sum(_seconds(each) for each in chosen)
    raise SaturnError(
        "trained-tasks",
        f"This would take out {' and '.join(counts)}, {duration(held)} of training in all: "
        f"{_listing([each['spec']['name'] for each in (*trained, *begun)])}.",
        f"If that is meant: {order}. What was saved goes to the session's archive folder.",
    )


def _seconds(task: TaskState) -> float:
    """How long a task has had devices."""
    now = time.time() if task["status"] in _ACTIVE else None
    return sum(
        max(0.0, attempt.get("endedAt", now or attempt["requestedAt"]) - attempt["requestedAt"])
        for attempt in task["attempts"]
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what.replace('task', 'tasks', 1)}"


def _listing(names: list[str]) -> str:
    more = len(names) - _NAMED
    shown = [*names[:_NAMED], *([f"{more} more"] if more > 0 else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"

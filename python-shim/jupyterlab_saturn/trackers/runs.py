"""What the session's state says of a task, as trackers are told it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .tracker import Ending, Outcome, Run

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState, TaskStatus, TaskTracking

_SLACK_SECONDS = 5.0

_OVER: Mapping[TaskStatus, Outcome] = {
    "finished": "finished",
    "failed": "failed",
    "invalid": "failed",
    "stopped": "stopped",
}


def key_of(task: TaskState) -> str | None:
    """What tells a run from others; None for a task that was never begun.

    The first attempt tells one training of a task from another: what goes on from a checkpoint
    keeps it.
    """
    if not task["attempts"]:
        return None
    spec = task["spec"]
    trained = spec.get("trainingHash", spec["hash"])
    return f"{trained[:12]}-{round(task['attempts'][0]['requestedAt'] * 1000):x}"


def outcome_of(task: TaskState) -> Outcome:
    """How a task is; what waits to go on runs."""
    return _OVER.get(task["status"], "running")


def run_of(state: SessionState, task: TaskState, key: str, folder: str) -> Run:
    """The run of a task that was begun."""
    spec = task["spec"]
    inspection = task.get("inspection")
    asked = _asked(task)
    facts: dict[str, int | float | str] = {"seed": spec["seed"], "hash": spec["hash"]}
    if inspection is not None:
        facts |= {
            "steps": inspection["steps"],
            "batch_size": inspection["batchSize"],
            "samples": inspection["samples"],
            "parameters": inspection["parameters"],
        }
    return Run(
        session=state["session"],
        key=key,
        task=spec["name"],
        folder=folder,
        label=_label(state, asked.get("run"), folder),
        sweep=spec["sweep"],
        points_of=sweep_of(state, task),
        project=asked.get("project"),
        parameters=spec["params"],
        facts=facts,
    )


def sweep_of(state: SessionState, task: TaskState) -> str | None:
    """What tells the sweep of a task from others, also of other sessions; None of a task alone."""
    spec = task["spec"]
    if not spec["params"]:
        return None
    folder = hashlib.sha256(state["folder"].encode()).hexdigest()
    return f"{spec['sweep']}-{folder[:12]}"


def _asked(task: TaskState) -> TaskTracking:
    """What the task's own code asks of trackers."""
    inspection = task.get("inspection")
    if inspection is None or "tracking" not in inspection:
        return {"trackers": []}
    return inspection["tracking"]


def _label(state: SessionState, run: str | None, folder: str) -> str:
    """The name that code gives a run; with that of its task where several have the same."""
    named = [task for task in state["tasks"] if _asked(task).get("run") == run]
    if run is None:
        return folder
    return run if len(named) == 1 else f"{run} {folder}"


def forgotten(session: str, key: str, task: str, folder: str) -> Run:
    """A run of a task that the session does not know any more."""
    return Run(session, key, task, folder, folder, "", None, None, {}, {})


def ending_of(state: SessionState, task: TaskState) -> Ending:
    """How a task has ended."""
    model = task["result"].get("model") if "result" in task else None
    reason = None
    if "givenUp" in task:
        given_up = task["givenUp"]
        reason = f"Given up by the rule {given_up['rule']} after step {given_up['step']}."
    elif "error" in task:
        reason = task["error"]["message"]
    return Ending(
        outcome_of(task), None if model is None else str(Path(state["folder"]) / model), reason
    )


def follows(task: TaskState, attempt: int, at: float) -> bool:
    """Whether a log that an attempt began at a time can be of a task as the session tells it.

    What is told may be older than what is on disk, and the log that of a later task of the name.
    """
    for each in task["attempts"]:
        if each["number"] == attempt:
            ended = each.get("endedAt")
            return ended is None or at <= ended + _SLACK_SECONDS
    return False

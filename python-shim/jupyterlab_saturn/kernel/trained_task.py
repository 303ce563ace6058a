"""What a session knows of how a task was trained, for who gets its model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..training.model_folder.training_facts import TrainedSegment, TrainingFacts, training_facts
from .result_rows import rows_of

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TaskState


def facts_of(state: SessionState, task: TaskState) -> TrainingFacts:
    """All that a session knows of how a task was trained, but where on this machine."""
    spec, inspection = task["spec"], task.get("inspection")
    row = next(row for row in rows_of(state) if row["task"] == spec["name"])
    return training_facts(
        spec,
        state["session"],
        {
            "task": row["task"],
            "params": row["params"],
            "steps": row["steps"],
            "loss": row["loss"],
            "metrics": row["metrics"],
            "validations": row["validations"],
            "stopped_early": row["stopped_early"],
            "best_step": row["best_step"],
        },
        {
            "batch_size": None if inspection is None else inspection["batchSize"],
            "steps": None if inspection is None else inspection["steps"],
            "samples": None if inspection is None else inspection["samples"],
            "parameters": None if inspection is None else inspection["parameters"],
        },
        list(_segments(task)),
        _versions(state),
    )


def _segments(task: TaskState) -> Iterator[TrainedSegment]:
    for attempt in task["attempts"]:
        if "startedAt" not in attempt:
            continue
        devices = len(attempt["devices"]) + sum(
            len(share["devices"]) for share in attempt.get("elsewhere", [])
        )
        segment: TrainedSegment = {
            "attempt": attempt["number"],
            "strategy": attempt["strategy"],
            "from_step": attempt.get("fromStep", 0),
            "devices": devices,
        }
        if "endedAt" in attempt:
            segment["seconds"] = round(attempt["endedAt"] - attempt["startedAt"], 3)
        yield segment


def _versions(state: SessionState) -> dict[str, str]:
    for node in state.get("nodes", []):
        if node.get("isOwn") and "versions" in node:
            versions = node["versions"]
            named = {"jupyterlab_saturn": versions["package"], "python": versions["python"]}
            return {**named, "torch": versions["torch"]} if "torch" in versions else named
    return {}

"""How a model came to be, for who gets it: as JSON beside its weights, and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from .result_rows import ResultRow, rows_of

if TYPE_CHECKING:
    from ..generated.wire_types import Segment, SessionState, Strategy, TaskState


class TrainedSegment(TypedDict):
    """Steps that were trained alike, from one on; `devices` is how many there were."""

    attempt: int
    strategy: Strategy
    from_step: int
    devices: int
    seconds: NotRequired[float]


class TrainingFacts(TypedDict):
    """What ``training.json`` says of a model."""

    result: ResultRow
    hash: str
    seed: int
    session: str
    batch_size: int | None
    steps: int | None
    samples: int | None
    parameters: int | None
    segments: list[TrainedSegment]
    device_seconds: float
    """Of all attempts, those that failed or were lost too."""
    plan: list[Segment]
    versions: dict[str, str]


def training_facts(state: SessionState, task: TaskState) -> TrainingFacts:
    """All that a session knows of how a task was trained, but where on this machine."""
    name = task["spec"]["name"]
    row = next(row for row in rows_of(state) if row["task"] == name)
    row["model"] = None
    inspection = task.get("inspection")
    segments = list(_segments(task))
    planned = state["plan"]["plan"]["segments"] if "plan" in state else []
    return {
        "result": row,
        "hash": task["spec"].get("trainingHash", task["spec"]["hash"]),
        "seed": task["spec"]["seed"],
        "session": state["session"],
        "batch_size": None if inspection is None else inspection["batchSize"],
        "steps": None if inspection is None else inspection["steps"],
        "samples": None if inspection is None else inspection["samples"],
        "parameters": None if inspection is None else inspection["parameters"],
        "segments": segments,
        "device_seconds": round(
            sum(one["devices"] * one.get("seconds", 0.0) for one in segments), 3
        ),
        "plan": [segment for segment in planned if segment["task"] == name],
        "versions": _versions(state),
    }


def _segments(task: TaskState) -> list[TrainedSegment]:
    found = []
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
        found.append(segment)
    return found


def _versions(state: SessionState) -> dict[str, str]:
    for node in state.get("nodes", []):
        if node.get("isOwn") and "versions" in node:
            versions = node["versions"]
            named = {"jupyterlab_saturn": versions["package"], "python": versions["python"]}
            return {**named, "torch": versions["torch"]} if "torch" in versions else named
    return {}

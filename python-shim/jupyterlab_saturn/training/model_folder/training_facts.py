"""How a model came to be, for who gets it: what ``training.json`` says, and its card in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from ...generated.wire_types import Argument, Metrics, Strategy, TaskSpec, Validation


class TrainedSegment(TypedDict):
    """Steps that were trained alike, from one on; `devices` is how many there were."""

    attempt: int
    strategy: Strategy
    from_step: int
    devices: int
    seconds: NotRequired[float]


class TrainedResult(TypedDict):
    """What came out. What is not known is None."""

    task: str
    params: dict[str, Argument]
    steps: int
    """Completed optimizer steps."""
    loss: float | None
    """Of training."""
    metrics: Metrics
    validations: list[Validation]
    """Metrics while it trained."""
    stopped_early: bool
    """By the task's own rule."""
    best_step: int | None
    """The step whose weights they are, where they are not the last ones."""


class TaskSizes(TypedDict):
    """How large a task is; None where that is not known."""

    batch_size: int | None
    steps: int | None
    samples: int | None
    parameters: int | None


class TrainingFacts(TaskSizes):
    """All that is known of how a model was trained, but where on this machine."""

    result: TrainedResult
    hash: str
    """Of what decides the weights."""
    seed: int
    session: str
    segments: list[TrainedSegment]
    device_seconds: float
    """Of all segments, those that were lost too."""
    versions: dict[str, str]


def training_facts(
    spec: TaskSpec,
    session: str,
    result: TrainedResult,
    sizes: TaskSizes,
    segments: list[TrainedSegment],
    versions: dict[str, str],
) -> TrainingFacts:
    """Put together what is known."""
    used = sum(one["devices"] * one.get("seconds", 0.0) for one in segments)
    return {
        "result": result,
        "hash": spec.get("trainingHash", spec["hash"]),
        "seed": spec["seed"],
        "session": session,
        **sizes,
        "segments": segments,
        "device_seconds": round(used, 3),
        "versions": versions,
    }

"""Results as rows: what each task was, how it was trained, and what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from ..generated.wire_types import (
        Argument,
        Failure,
        GivenUp,
        Metrics,
        RungValue,
        Scalar,
        SessionState,
        TaskState,
        TaskStatus,
        Validation,
    )


class Span(TypedDict):
    """Seconds since the run began; None when not known."""

    start: float | None
    end: float | None


class ResultRow(TypedDict):
    """One task. What is not known is None."""

    task: str
    status: TaskStatus
    params: dict[str, Argument]
    technique: str | None
    knobs: dict[str, Scalar]
    """Settings of the technique."""
    devices: list[str]
    """Their ids."""
    steps: int
    """Completed optimizer steps."""
    loss: float | None
    """Of training."""
    metrics: Metrics
    validations: list[Validation]
    """Metrics while it trained."""
    stopped_early: bool
    """By the task's own rule."""
    given_up: GivenUp | None
    """Why the rule of its sweep trains it no further."""
    rungs: list[RungValue]
    """What that has compared."""
    model: str | None
    """Path of the weights."""
    best_step: int | None
    """The step whose weights they are, where they are not the last ones."""
    evaluation_error: Failure | None
    """Why metrics are missing."""
    planned: Span
    actual: Span


def rows_of(state: SessionState) -> list[ResultRow]:
    """A row for each task of a session, in the order they were added."""
    return [_row(task, state) for task in state["tasks"]]


def _row(task: TaskState, state: SessionState) -> ResultRow:
    attempts = task["attempts"]
    attempt = attempts[-1] if attempts else None
    result = task.get("result")
    strategy = None if attempt is None else attempt["strategy"]
    planned = None if attempt is None else attempt.get("planned")
    began = state["run"]["startedAt"] if "run" in state else None
    model = None if result is None else result.get("model")
    return {
        "task": task["spec"]["name"],
        "status": task["status"],
        "params": dict(task["spec"]["params"]),
        "technique": None if strategy is None else strategy["technique"],
        "knobs": {} if strategy is None else dict(strategy.get("knobs", {})),
        "devices": [] if attempt is None else list(attempt["devices"]),
        "steps": task["progress"]["step"],
        "loss": task["progress"].get("loss") if result is None else result.get("loss"),
        "metrics": {} if result is None else dict(result["metrics"]),
        "validations": list(task.get("validations", [])),
        "stopped_early": result is not None and result.get("stoppedEarly", False),
        "given_up": task.get("givenUp"),
        "rungs": list(task.get("rungs", [])),
        "model": None if model is None else f"{state['folder']}/{model}",
        "best_step": None if result is None else result.get("bestStep"),
        "evaluation_error": None if result is None else result.get("evaluationError"),
        "planned": {
            "start": _since(None if planned is None else planned["start"], began),
            "end": _since(None if planned is None else planned["end"], began),
        },
        "actual": {
            "start": _since(attempts[0]["requestedAt"] if attempts else None, began),
            "end": _since(None if attempt is None else attempt.get("endedAt"), began),
        },
    }


def _since(clock: float | None, began: float | None) -> float | None:
    return None if clock is None or began is None else round(clock - began, 3)

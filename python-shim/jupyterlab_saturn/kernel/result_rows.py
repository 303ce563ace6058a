"""Results as rows: what each task was, how it was trained, and what came out."""

from __future__ import annotations

from ..errors import Json


def rows_of(state: Json) -> list[Json]:
    """A dictionary for each task of a wire ``SessionState``, in the order they were added.

    Keys: ``task``, ``status``, ``params``, ``technique``, ``knobs`` (its settings), ``devices``
    (ids), ``steps``, ``loss`` (of training), ``metrics``, ``validations`` (``step`` and
    ``metrics`` while it trained), ``stopped_early`` (by the task's own rule), ``model`` (path of
    the weights), ``planned`` and ``actual`` (``start`` and ``end`` in seconds since the run
    began). What is not known is None.
    """
    return [_row(task, state) for task in state["tasks"]]


def _row(task: Json, state: Json) -> Json:
    attempts = task["attempts"]
    attempt = attempts[-1] if attempts else {}
    result = task.get("result", {})
    began = state.get("run", {}).get("startedAt")
    model = result.get("model")
    return {
        "task": task["spec"]["name"],
        "status": task["status"],
        "params": dict(task["spec"]["params"]),
        "technique": attempt.get("strategy", {}).get("technique"),
        "knobs": dict(attempt.get("strategy", {}).get("knobs", {})),
        "devices": list(attempt.get("devices", [])),
        "steps": task["progress"]["step"],
        "loss": result.get("loss", task["progress"].get("loss")),
        "metrics": dict(result.get("metrics", {})),
        "validations": list(task.get("validations", [])),
        "stopped_early": result.get("stoppedEarly", False),
        "model": None if model is None else f"{state['folder']}/{model}",
        "planned": _span(attempt.get("planned", {}), "start", "end", began),
        "actual": {
            "start": _since(attempts[0]["requestedAt"] if attempts else None, began),
            "end": _since(attempt.get("endedAt"), began),
        },
    }


def _span(times: Json, first: str, last: str, began: float | None) -> Json:
    return {"start": _since(times.get(first), began), "end": _since(times.get(last), began)}


def _since(clock: float | None, began: float | None) -> float | None:
    return None if clock is None or began is None else round(clock - began, 3)

"""Waiting for a session to get where a request leads, with a progress line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .connection import Connection
from .progress import Progress

if TYPE_CHECKING:
    from ..generated.wire_types import Failure, OkRequest, SessionState, TaskState

Condition = Callable[["SessionState"], bool]
"""Whether a wire ``SessionState`` is what is waited for."""

_STATE_SECONDS = 30.0
_CHANGING = frozenset({"inspecting", "starting", "running", "stopping"})


def wait(connection: Connection, rev: int, condition: Condition) -> SessionState:
    """The first state at or after a revision that meets a condition. Raises like `wait_for`."""
    with Progress(_shell()) as progress:
        state = connection.wait_for(
            lambda state: state["rev"] >= rev and condition(state), None, progress.update
        )
        progress.finish()
    return state


def pursue(connection: Connection, request: OkRequest) -> list[Failure]:
    """Ask the engine for a profile or a plan and wait until the engine rests.

    Returns
    -------
    list[Failure]
        What went wrong meanwhile, in the order it was noticed.

    Raises
    ------
    SaturnError
        The last of these when a plan was the goal and there is none.
    """
    before = connection.wait_for(lambda _: True, _STATE_SECONDS)["notices"]
    rev = connection.request(request)["rev"]
    state = wait(connection, rev, lambda state: state["goal"] == "none")
    troubles = [notice for notice in state["notices"] if notice not in before]
    if request["type"] == "plan" and not state.get("plan", {}).get("fresh"):
        raise SaturnError.from_json(troubles[-1]) if troubles else _no_plan()
    return troubles


def is_building(state: SessionState, names: Collection[str] | None = None) -> bool:
    """Whether tasks, all or those named, are still being built; without devices nothing is."""
    waiting = any(task["status"] == "inspecting" for task in _chosen(state, names))
    return waiting and (state["agent"] == "away" or device_count(state) > 0)


def is_under_way(state: SessionState) -> bool:
    """Whether a session changes by itself: it builds, measures, plans or trains, or will."""
    return (
        state["goal"] != "none"
        or state["planning"]
        or len(state["trials"]) > 0
        or any(task["status"] in _CHANGING for task in state["tasks"])
    )


def is_stopping(state: SessionState, names: Collection[str] | None = None) -> bool:
    """Whether a trial or a task, any or one of those named, was told to stop and is not over."""
    leaving = any(
        task["status"] == "stopping" and not task.get("moving") for task in _chosen(state, names)
    )
    return leaving or any(trial["status"] == "stopping" for trial in state["trials"])


def _chosen(state: SessionState, names: Collection[str] | None) -> Iterable[TaskState]:
    if names is None:
        return state["tasks"]
    wanted = frozenset(names)
    return (task for task in state["tasks"] if task["spec"]["name"] in wanted)


def require_success(state: SessionState) -> None:
    """Raise SaturnError ``tasks-failed`` when a task failed or could not be built."""
    failed = [task for task in state["tasks"] if task["status"] in ("failed", "invalid")]
    if not failed:
        return
    first = failed[0]["spec"]["name"]
    others = [task["spec"]["name"] for task in failed[1:4]]
    more = ["..."] if len(failed) > 4 else []
    reason = failed[0].get("error", {"message": "it gives no reason"})["message"]
    raise SaturnError(
        "tasks-failed",
        f"{len(failed)} of {len(state['tasks'])} tasks failed: "
        f"{', '.join([first, *others, *more])}. {first}: {reason}",
        f"What it printed: %saturn log {first}. To wait without this error: %saturn wait --quiet",
    )


def device_count(state: SessionState) -> int:
    """How many devices a session has."""
    return sum(len(node["devices"]) for node in state.get("cluster", {"nodes": []})["nodes"])


def _shell() -> Any:
    """The running IPython shell, without importing IPython where there is none."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _no_plan() -> SaturnError:
    return SaturnError(
        "no-plan",
        "There is no plan: planning was stopped before one was made.",
        "Try again with %saturn plan.",
    )

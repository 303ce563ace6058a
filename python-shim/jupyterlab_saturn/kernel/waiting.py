"""Waiting for a session to get where a request leads, with a progress line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from typing import Any

from ..errors import Json, SaturnError
from .connection import Connection
from .progress import Progress

Condition = Callable[[Json], bool]
"""Whether a wire ``SessionState`` is what is waited for."""

_STATE_SECONDS = 30.0


def wait(connection: Connection, rev: int, condition: Condition) -> Json:
    """The first state at or after a revision that meets a condition. Raises like `wait_for`."""
    with Progress(_shell()) as progress:
        state = connection.wait_for(
            lambda state: state["rev"] >= rev and condition(state), None, progress.update
        )
        progress.finish()
    return state


def pursue(connection: Connection, goal: str, body: Json) -> list[Json]:
    """Set the engine a goal and wait until it is reached.

    Returns
    -------
    list[Json]
        What went wrong meanwhile, as wire ``Failure`` objects.

    Raises
    ------
    SaturnError
        The last of these when a plan was the goal and there is none.
    """
    before = connection.wait_for(lambda _: True, _STATE_SECONDS)["notices"]
    rev = connection.request(goal, body)["rev"]
    state = wait(connection, rev, lambda state: state["goal"] == "none")
    troubles = [notice for notice in state["notices"] if notice not in before]
    if goal == "plan" and not state.get("plan", {}).get("fresh"):
        raise SaturnError.from_json(troubles[-1]) if troubles else _no_plan()
    return troubles


def is_building(state: Json, names: Collection[str] | None = None) -> bool:
    """Whether tasks, all or those named, are still being built; without devices nothing is."""
    waiting = any(
        task["status"] == "inspecting"
        for task in state["tasks"]
        if names is None or task["spec"]["name"] in names
    )
    return waiting and (state["agent"] == "away" or device_count(state) > 0)


def is_stopping(state: Json) -> bool:
    """Whether something was told to stop and is not yet over."""
    return any(one["status"] == "stopping" for one in [*state["tasks"], *state["trials"]])


def device_count(state: Json) -> int:
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

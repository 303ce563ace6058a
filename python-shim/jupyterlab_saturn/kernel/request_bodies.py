"""What the user asked for, checked, as bodies of wire messages."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..generated.wire_types import (
        Criterion,
        PlanStart,
        ProfileStart,
        RunStart,
        SwitchPolicy,
        TaskSelection,
    )

SWITCH_POLICIES = ("never", "pays", "planned")


def selection(tasks: Iterable[str] | None) -> TaskSelection:
    """The wire's ``TaskSelection``. Raises SaturnError ``no-tasks`` for an empty list."""
    if tasks is None:
        return {}
    names = _names(tasks)
    if not names:
        raise SaturnError(
            "no-tasks",
            "No task is named.",
            "Name some, e.g. those that %saturn status shows; %saturn reset takes out all.",
        )
    return {"tasks": names}


def run_body(tasks: Iterable[str] | None, switch: SwitchPolicy | None) -> RunStart:
    """The wire's ``RunStart``. Raises SaturnError ``no-tasks`` or ``bad-switch``."""
    body: RunStart = {}
    if tasks is not None:
        body["tasks"] = selection(tasks)["tasks"]
    if switch is not None:
        if switch not in SWITCH_POLICIES:
            raise SaturnError(
                "bad-switch",
                f"Tasks that train cannot be moved {switch!r}.",
                "Say never, pays (when news makes it pay) or planned (also as planned beforehand).",
            )
        body["switches"] = switch
    return body


def profile_body(force: bool, full: bool, exclude: Iterable[str] | None) -> ProfileStart:
    """The wire's ``ProfileStart``."""
    body: ProfileStart = {}
    if force:
        body["force"] = True
    if full:
        body["full"] = True
    if exclude is not None:
        body["excludeTechniques"] = _names(exclude)
    return body


def plan_body(seconds: float | None, exclude: Iterable[str] | None) -> PlanStart:
    """The wire's ``PlanStart``. Raises SaturnError ``bad-budget``."""
    body: PlanStart = {}
    if seconds is not None:
        if not 0 < seconds <= 3600:
            raise SaturnError(
                "bad-budget",
                f"A plan cannot be searched for {seconds:g} seconds.",
                "Use 0 to 3600.",
            )
        body["budget"] = {"seconds": seconds}
    if exclude is not None:
        body["excludeTechniques"] = _names(exclude)
    return body


def _names(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def criterion(text: str | None) -> Criterion | None:
    """The wire's ``Criterion`` of ``accuracy:max``. Raises SaturnError ``bad-criterion``."""
    if text is None:
        return None
    metric, _, goal = text.rpartition(":")
    if not metric or goal not in ("max", "min"):
        raise SaturnError(
            "bad-criterion",
            f"{text!r} does not say which metric is to be large or small.",
            "Write a metric and max or min, e.g. --best accuracy:max or --best loss:min.",
        )
    return {"metric": metric, "goal": "max" if goal == "max" else "min"}


def check_length(epochs: float | None, steps: int | None, seed: int) -> None:
    """Raise SaturnError ``bad-length`` or ``bad-seed`` for what cannot be trained."""
    for name, value in (("epochs", epochs), ("steps", steps)):
        if value is not None and value <= 0:
            raise SaturnError(
                "bad-length", f"{value:g} {name} leave nothing to train.", f"Give {name} above 0."
            )
    if seed < 0:
        raise SaturnError("bad-seed", f"{seed} is no seed.", "Seeds are 0 or more.")


def check_function(function: Callable[..., Any]) -> None:
    """Raise SaturnError ``not-a-function`` for what cannot build a task."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise SaturnError(
            "not-a-function",
            f"{function.__name__} is an async function, but tasks are built without an event loop.",
            "Write it with def instead of async def; inside, asyncio.run(...) waits for others.",
        )
    if not inspect.isfunction(function) or inspect.isgeneratorfunction(function):
        raise SaturnError(
            "not-a-function",
            f"{function!r} is no function that builds a task.",
            "Write a plain function that returns a Task.",
        )

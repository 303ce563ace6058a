"""What the user asked for, checked, as bodies of wire messages."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .sweep import given_values

if TYPE_CHECKING:
    from ..generated.wire_types import (
        PlanStart,
        ProfileStart,
        RunStart,
        SwitchPolicy,
        TaskClone,
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


def run_body(
    tasks: Iterable[str] | None,
    switch: SwitchPolicy | None,
    early: str | float | None = None,
    keep: bool = False,
) -> RunStart:
    """The wire's ``RunStart``. Raises SaturnError ``no-tasks``, ``bad-switch``, ``bad-early``."""
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
    if early is not None:
        body["early"] = _share(early)
    if keep:
        body["keeps"] = True
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


def _share(early: str | float) -> float:
    """`10%`, or 0.1, as a number."""
    text = str(early).strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise SaturnError(
            "bad-early",
            f"Tasks cannot wait for each other after {text} of their steps.",
            "Give a share above 0 and below all, e.g. --early 10% or early=0.1.",
        )
    return share


def plan_body(
    seconds: float | None, exclude: Iterable[str] | None, early: str | float | None = None
) -> PlanStart:
    """The wire's ``PlanStart``. Raises SaturnError ``bad-budget``, ``bad-early``."""
    body: PlanStart = {}
    if early is not None:
        body["early"] = _share(early)
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


def clone_body(
    task: str,
    values: Mapping[str, Any],
    *,
    name: str | None,
    warm_start: str | int | None,
    epochs: float | None,
    steps: int | None,
    seed: int | None,
) -> TaskClone:
    """The wire's ``TaskClone``.

    Raises SaturnError ``bad-clone``, ``bad-sweep``, ``bad-length``, ``bad-seed``.
    """
    check_length(epochs, steps, seed or 0)
    body: TaskClone = {"task": task, "params": given_values(values)}
    if name is not None:
        body["name"] = name
    if epochs is not None:
        body["epochs"] = epochs
    if steps is not None:
        body["steps"] = steps
    if seed is not None:
        body["seed"] = seed
    match warm_start:
        case None | "scratch" | "start" | "last" | "best":
            body["weights"] = warm_start or "scratch"
        case int() if warm_start >= 0:
            body["step"] = warm_start
        case str() if warm_start.isdecimal():
            body["step"] = int(warm_start)
        case _:
            raise SaturnError(
                "bad-clone",
                f"A clone cannot begin with the weights {warm_start!r}.",
                "Begin from scratch, start, last, best or a step, e.g. --from last or --from 400.",
            )
    return body


def _names(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


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

"""What a user asks of the plan, in words and numbers, as the wire's ``WishesSet``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from .wish_values import READERS, Time, number, prices

if TYPE_CHECKING:
    from ..generated.wire_types import (
        Pin,
        SessionWish,
        SessionWishesChange,
        TaskName,
        TaskWish,
        TaskWishesChange,
        WishesSet,
    )


class TaskWishes(TypedDict, total=False):
    """What may be asked for tasks; None takes it back.

    Attributes
    ----------
    deadline
        To be done by then: ``"18:30"``, ``"+2h"``, ``"2026-12-01T18:00"``, a `datetime`, a
        `timedelta` from now, or seconds since the epoch.
    start
        Not to start before; a time as for `deadline`.
    priority
        How much an early end counts, where that of other tasks counts 1.
    pin
        Where and how it has to run: ``"technique=fsdp,devices=2"``, ``"node=n1"``,
        ``"device=cpu0,device=cpu1"``, ``"strategy=fsdp x2 reshard=false"`` with its knobs, or a
        dictionary as the wire's ``Pin``.
    """

    deadline: Time | None
    start: Time | None
    priority: str | float | None
    pin: str | Pin | None


class Wishes(TaskWishes, total=False):
    """What may be asked for tasks, and for all of them together; None takes it back.

    Attributes
    ----------
    at_most
        So many tasks train at once.
    device_hours
        All training from now on takes so many device-hours.
    budget
        All training from now on costs so much, by `price`.
    price
        What a device costs an hour: a number, or by node ``{"n1": 2.5}``, ``"n1=2.5"``.
    objective
        ``"makespan"`` or ``"weighted-completion"``; by default the latter when a task has a
        priority.
    keep_free
        Devices that nothing is to run on: how many, or their names.
    span
        A task may train over so many nodes at most, on more devices than one has. Its ranks then
        meet on the network between the nodes, which is open to whoever reaches it.
    fuse
        ``"never"``: adapters of one frozen model are trained one by one. ``"auto"``, as without
        it: in one run where that is faster.
    """

    at_most: str | int | None
    device_hours: str | float | None
    budget: str | float | None
    price: str | float | Mapping[str, float] | None
    objective: str | None
    keep_free: str | int | Iterable[str] | None
    span: str | int | None
    fuse: str | None


TASK_WISHES: Mapping[str, TaskWish] = {
    "deadline": "deadline",
    "start": "earliestStart",
    "priority": "weight",
    "pin": "pin",
}
SESSION_WISHES: Mapping[str, SessionWish] = {
    "at_most": "concurrent",
    "device_hours": "deviceSeconds",
    "budget": "cost",
    "price": "prices",
    "objective": "objective",
    "keep_free": "freeDevices",
    "span": "span",
    "fuse": "fuse",
}


def task_change(wishes: TaskWishes, tasks: list[TaskName] | None = None) -> TaskWishesChange | None:
    """The wire's ``TaskWishesChange``; None when nothing is asked. Raises ``bad-wish``."""
    change: TaskWishesChange = {}
    asked: dict[str, Any] = {}
    taken: list[TaskWish] = []
    for word, name in TASK_WISHES.items():
        if word in wishes:
            value = wishes[word]  # type: ignore[literal-required]
            if value is None or value == "none":
                taken.append(name)
            else:
                asked[name] = READERS[word](value)
    if not asked and not taken:
        return None
    if tasks is not None:
        change["tasks"] = tasks
    if asked:
        change["set"] = asked  # type: ignore[typeddict-item]
    if taken:
        change["clear"] = taken
    return change


def session_change(wishes: Wishes, nodes: Iterable[str]) -> SessionWishesChange | None:
    """The wire's ``SessionWishesChange``; None when nothing is asked. Raises ``bad-wish``."""
    change: SessionWishesChange = {}
    asked: dict[str, Any] = {}
    taken: list[SessionWish] = []
    for word, name in SESSION_WISHES.items():
        if word not in wishes:
            continue
        value = wishes[word]  # type: ignore[literal-required]
        if value is None or value == "none" or (word == "fuse" and value == "auto"):
            taken.append(name)
        elif word == "price":
            asked[name] = prices(value, nodes)
        elif word == "keep_free" and str(value).isdecimal():
            change["freeCount"] = int(number("keep_free", value, whole=True))
        else:
            asked[name] = READERS[word](value)
    if asked:
        change["set"] = asked  # type: ignore[typeddict-item]
    if taken:
        change["clear"] = taken
    return change or None


def wishes_body(
    wishes: Wishes, tasks: list[TaskName] | None, nodes: Iterable[str]
) -> WishesSet | None:
    """The wire's ``WishesSet``; None when nothing is asked.

    Parameters
    ----------
    tasks
        Whose wishes; all that are still to be trained when None.
    nodes
        The nodes there are, for a price that is that of all.

    Raises
    ------
    SaturnError
        ``bad-wish``.
    """
    refuse_unknown(wishes, {**TASK_WISHES, **SESSION_WISHES})
    body: WishesSet = {}
    if (own := task_change(wishes, tasks)) is not None:
        body["tasks"] = [own]
    if (joint := session_change(wishes, nodes)) is not None:
        body["session"] = joint
    return body or None


def refuse_unknown(wishes: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise TypeError for a keyword that is no wish, as Python does for any other."""
    for word in wishes:
        if word not in known:
            raise TypeError(f"got an unexpected keyword argument {word!r}")

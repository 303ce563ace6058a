"""What the engine tells of a session after the first: how one state became the next.

The same as ``src/core/wire/stateChange.ts``, which also makes what is taken in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .judged import with_judged

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, StateChange


_OF_PLANS = frozenset({"plan", "planned", "segments"})


def with_change(before: SessionState, change: StateChange) -> SessionState:
    """The state that a change makes of another, which stays as it is; they share what is the same.

    Raises
    ------
    SaturnError
        ``bad-change`` when it is the change of another state.
    """
    if change["base"] != before["rev"]:
        raise _bad_change()
    after: Any = _patched(before, change.get("session", {}))
    after["rev"] = change["rev"]
    for name in ("tasks", "cells", "trials"):
        if name in change:
            after[name] = _with_list_change(after[name], change[name])
    if "judged" in change:
        after["tasks"] = with_judged(after["tasks"], change["judged"], _bad_change)
    if not _OF_PLANS.isdisjoint(change):
        if "plan" not in after:
            raise _bad_change()
        after["plan"] = _with_plan_change(after["plan"], change)
    state: SessionState = after
    return state


def _with_plan_change(before: Mapping[str, Any], change: StateChange) -> dict[str, Any]:
    after = _patched(before, change.get("plan", {}))
    if "planned" in change or "segments" in change:
        plan = _patched(after["plan"], change.get("planned", {}))
        plan["segments"] = _with_list_change(plan["segments"], change.get("segments", {}))
        after["plan"] = plan
    return after


def _patched(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    gone = {name for name, value in patch.items() if value is None}
    return {name: value for name, value in {**before, **patch}.items() if name not in gone}


def _with_list_change(before: list[Any], change: Any) -> list[Any]:
    if not change:
        return before
    kept = before
    if "keep" in change:
        kept = [entry for first, count in change["keep"] for entry in _run(before, first, count)]
    after: list[Any] = []
    taken = 0
    for put in change.get("put", ()):
        between = _run(kept, taken, put["at"] - len(after))
        taken += len(between)
        after += [*between, put["entry"]]
    after += kept[taken:]
    for each in change.get("patch", ()):
        if each["at"] >= len(after):
            raise _bad_change()
        after[each["at"]] = _patched(after[each["at"]], each["patch"])
    return after


def _run(entries: Sequence[Any], first: int, count: int) -> Sequence[Any]:
    """So many entries from one on; all of them must be there."""
    run = entries[first : first + max(count, 0)]
    if len(run) != count:
        raise _bad_change()
    return run


def _bad_change() -> SaturnError:
    return SaturnError(
        "bad-change",
        "What has changed in the session is told of another state than the one that is known here.",
        "The whole state is asked for by itself.",
    )

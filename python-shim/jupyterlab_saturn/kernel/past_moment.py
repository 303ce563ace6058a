"""A time that is past, or a plan that was made then, as a person names it."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState

#: A moment: ``14:02``, ``14:02:30``, ``2026-12-01T18:00``; or seconds since the epoch. Or the
#: number of a plan made while tasks trained, as `Session.status` lists them; 0 is the first.
PastMoment = str | int | float | datetime

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_NUMBER = re.compile(r"\d{1,6}")


def past_moment(value: PastMoment, state: SessionState) -> float:
    """Seconds since the epoch of what a person names.

    A time without seconds means all of its minute, and one without a date the last such time.

    Raises
    ------
    SaturnError
        ``bad-time``; ``unknown-plan`` for the number of a plan that is not known.
    """
    if isinstance(value, datetime):
        return value.timestamp()
    text = str(value).strip()
    if not isinstance(value, float) and _NUMBER.fullmatch(text):
        return _adopted(int(text), state)
    if not isinstance(value, str):
        return _epoch(value)
    try:
        if clock := _CLOCK.fullmatch(text):
            return _last_time(int(clock[1]), int(clock[2]), clock[3])
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise _bad_time(value) from None


def _last_time(hour: int, minute: int, second: str | None) -> float:
    now = datetime.now()
    begin = now.replace(hour=hour, minute=minute, second=int(second or 0), microsecond=0)
    if begin > now:
        begin -= timedelta(days=1)
    length = timedelta(seconds=1) if second is not None else timedelta(minutes=1)
    # What happened within that minute, or second, has happened by its end.
    return min((begin + length).timestamp() - 0.001, time.time())


def _adopted(number: int, state: SessionState) -> float:
    replans = state.get("replans", [])
    if number == 0 and "run" in state:
        run = state["run"]
        return run.get("plannedAt", run["startedAt"])
    for replan in replans:
        if replan["number"] == number:
            return replan["adoptedAt"]
    raise SaturnError(
        "unknown-plan",
        f"There is no plan {number} to look back at.",
        f"There are {replans[0]['number']} to {replans[-1]['number']}, see %saturn status; and 0, "
        "the first. Any other time: --at 14:02"
        if replans
        else "Nothing was planned anew yet. Give a time, e.g. --at 14:02",
    )


def _epoch(value: float) -> float:
    if isinstance(value, bool) or not 0 <= value < float("inf"):
        raise _bad_time(value)
    return float(value)


def _bad_time(value: object) -> SaturnError:
    return SaturnError(
        "bad-time",
        f"{value!r} is no time that is past.",
        "Write e.g. 14:02, 14:02:30 or 2026-12-01T14:02; or the number of a plan that %saturn "
        "status lists.",
    )

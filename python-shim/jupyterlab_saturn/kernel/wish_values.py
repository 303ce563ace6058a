"""A wish's value as a person writes it, read."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .line_splitting import split_commas

if TYPE_CHECKING:
    from ..generated.wire_types import Pin, Strategy

#: A moment: ``18:30``, ``+2h``, ``2026-12-01T18:00``; or seconds since the epoch.
Time = str | float | datetime | timedelta

OBJECTIVES = ("makespan", "weighted-completion")
PIN_PARTS = ("technique", "devices", "node", "device", "strategy")

_SECONDS_PER_HOUR = 3600
_MOST_SECONDS = 1e10  # times beyond are in no calendar
_SPAN = re.compile(
    r"\+(?=.)(?:(\d+)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+)s)?"
)
_TIMES = re.compile(r"x([1-9]\d*)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def moment(value: Time) -> float:
    """Seconds since the epoch of a time as a person gives it. Raises SaturnError ``bad-wish``."""
    if isinstance(value, timedelta):
        return time.time() + value.total_seconds()
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, str):
        return _written_moment(value.strip())
    if isinstance(value, bool) or not 0 <= value < _MOST_SECONDS:
        raise _bad_time(value)
    return float(value)


def _written_moment(text: str) -> float:
    if span := _SPAN.fullmatch(text):
        days, hours, minutes, seconds = (float(part or 0) for part in span.groups())
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return time.time() + length.total_seconds()
    try:
        if clock := _CLOCK.fullmatch(text):
            now = datetime.now()
            at = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
            if at <= now:
                tomorrow = (at + timedelta(days=1)).isoformat(timespec="minutes")
                raise SaturnError(
                    "bad-wish",
                    f"{text} is past already today.",
                    f"For tomorrow write {tomorrow}; from now on, e.g. +2h.",
                )
            return at.timestamp()
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise _bad_time(text) from None


def _bad_time(value: object) -> SaturnError:
    return SaturnError(
        "bad-wish",
        f"{value!r} is no time.",
        "Write e.g. 18:30 for today, +2h or +90min from now, or 2026-12-01T18:00.",
    )


def _pin(value: str | Pin) -> Pin:
    if not isinstance(value, str):
        return value
    pin: Pin = {}
    devices: list[str] = []
    for part in split_commas(value):
        name, _, text = (piece.strip() for piece in part.partition("="))
        if not text or name not in PIN_PARTS or (name != "device" and name in _told(pin)):
            raise SaturnError(
                "bad-wish",
                f"A pin cannot hold {part.strip()!r}.",
                "Write e.g. technique=fsdp,devices=2 or node=n1 or device=cpu0,device=cpu1.",
            )
        if name == "device":
            devices.append(text)
        elif name == "devices":
            pin["count"] = int(number("pin", text, whole=True))
        elif name == "node":
            pin["node"] = text
        elif name == "strategy":
            pin["strategy"] = _strategy(text)
        else:
            pin["technique"] = text
    if devices:
        pin["devices"] = devices
    return pin


def _strategy(text: str) -> Strategy:
    """Of ``fsdp x2 reshard=false``, as displays say it."""
    technique, *words = text.split()
    devices = _TIMES.fullmatch(words[0]) if words else None
    if devices is None:
        raise SaturnError(
            "bad-wish",
            f"{text!r} is no strategy.",
            'Write it as %saturn plan does, e.g. "strategy=fsdp x2 reshard=false".',
        )
    strategy: Strategy = {"technique": technique, "devices": int(devices[1])}
    knobs = dict(_knob(word) for word in words[1:])
    if "nodes" in knobs:
        strategy["nodes"] = knobs.pop("nodes")
    if knobs:
        strategy["knobs"] = knobs
    return strategy


def _knob(word: str) -> tuple[str, Any]:
    name, equals, text = word.partition("=")
    if not equals:
        return name, True
    if text in ("true", "false"):
        return name, text == "true"
    try:
        return name, float(text) if "." in text else int(text)
    except ValueError:
        return name, text


def _told(pin: Pin) -> set[str]:
    return {"devices" if name == "count" else name for name in pin}


def prices(value: str | float | Mapping[str, float], nodes: Iterable[str]) -> dict[str, float]:
    if isinstance(value, Mapping):
        return {node: _price(price) for node, price in value.items()}
    parts = split_commas(value) if isinstance(value, str) and "=" in value else None
    if parts is None:
        price = _price(value)
        return dict.fromkeys(nodes, price)
    return {node: _price(price) for node, _, price in (part.rpartition("=") for part in parts)}


def _price(value: str | float) -> float:
    return 0.0 if str(value) in ("0", "0.0") else number("price", value)


def number(word: str, value: str | float, whole: bool = False) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf or (whole and not number.is_integer()):
        what = "a whole number of at least 1" if whole else "a number above 0"
        raise SaturnError(
            "bad-wish",
            f"{word.replace('_', ' ')} cannot be {value!r}.",
            f"Give {what}; none takes it back.",
        )
    return number


def _objective(value: str) -> str:
    if value not in OBJECTIVES:
        raise SaturnError(
            "bad-wish",
            f"The objective cannot be {value!r}.",
            f"There are: {', '.join(OBJECTIVES)}.",
        )
    return value


def _free(value: str | int | Iterable[str]) -> list[dict[str, Any]]:
    if isinstance(value, (int, float)):
        number("keep_free", value, whole=True)
    names = split_commas(value) if isinstance(value, str) else [*map(str, value)]  # type: ignore[arg-type]
    names = [name.strip() for name in names]
    if not names or not all(names):
        raise SaturnError(
            "bad-wish", "No device is named.", "Write e.g. --keep-free 1 or --keep-free cuda0,cuda1"
        )
    # The engine knows of which node they are.
    return [{"node": "", "devices": names}]


def _nodes(value: str | int) -> int:
    """Over how many nodes. Raises SaturnError ``bad-wish``."""
    nodes = int(number("span", value, whole=True))
    if nodes < 2:
        raise SaturnError(
            "bad-wish",
            "Each task trains on one node anyway.",
            "Give two nodes or more, or none to take it back.",
        )
    return nodes


def _fuse(value: str) -> str:
    if value != "never":
        raise SaturnError(
            "bad-wish",
            f"Whether tasks are trained in one run cannot be {value!r}.",
            "Give auto or never.",
        )
    return value


READERS: Mapping[str, Any] = {
    "deadline": moment,
    "start": moment,
    "priority": lambda value: number("priority", value),
    "pin": _pin,
    "at_most": lambda value: int(number("at_most", value, whole=True)),
    "device_hours": lambda value: number("device_hours", value) * _SECONDS_PER_HOUR,
    "budget": lambda value: number("budget", value),
    "objective": _objective,
    "keep_free": _free,
    "span": _nodes,
    "fuse": _fuse,
}

"""Lengths of time, worded as the engine words them."""

from __future__ import annotations

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(seconds: float) -> str:
    """A length of time in two units at most: ``4.2 s``, ``1 min 20 s``, ``2 h 5 min``, ``3 d 4 h``.

    As `duration` of `src/core/model/quantities.ts` has it; they are tried with the same cases.
    """
    if seconds < 59.95:
        return f"{float(f'{seconds:.2g}' if seconds < 9.95 else f'{seconds:.1f}'):g} s"
    whole = _rounded(seconds)
    if whole < _HOUR:
        return _pair(whole, _MINUTE, "min", 1, "s")
    minutes = _rounded(seconds / _MINUTE) * _MINUTE
    if minutes < _DAY:
        return _pair(minutes, _HOUR, "h", _MINUTE, "min")
    return _pair(_rounded(seconds / _HOUR) * _HOUR, _DAY, "d", _HOUR, "h")


def _rounded(value: float) -> int:
    return int(value + 0.5)


def _pair(seconds: int, large: int, unit: str, small: int, small_unit: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {unit}" + (f" {rest} {small_unit}" if rest else "")

"""Lengths of time in words, as ``src/core/model/quantities.ts`` writes them for the engine."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A length of time in two units at most: ``4.2 s``, ``1 min 20 s``, ``3 d 4 h``."""
    if seconds < 59.95:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{round(seconds, 1):g} s"
    whole = _round(seconds)
    if whole < 3600:
        return _pair(whole // 60, "min", whole % 60, "s")
    minutes = _round(seconds / 60)
    if minutes < 24 * 60:
        return _pair(minutes // 60, "h", minutes % 60, "min")
    hours = _round(seconds / 3600)
    return _pair(hours // 24, "d", hours % 24, "h")


def _round(value: float) -> int:
    return int(value + 0.5)  # Python's own rounds halves to even numbers


def _pair(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large} {unit}" if small == 0 else f"{large} {unit} {small} {small_unit}"

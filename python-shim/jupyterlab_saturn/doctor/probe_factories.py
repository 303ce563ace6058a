"""What exercises train: the tasks that techniques are compared by, named without loading torch."""

from __future__ import annotations

from typing import Any


def stack(**options: Any) -> Any:
    """As `probe_tasks.stack`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.stack(**options)


def hungry(memory_bytes: int, glutton: int | None = None) -> Any:
    """As `probe_tasks.hungry`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.hungry(memory_bytes, glutton)


def slow(seconds: float, straggler: int | None = None) -> Any:
    """As `probe_tasks.slow`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.slow(seconds, straggler)


def stray() -> Any:
    """As `probe_tasks.stray`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.stray()


def weighted() -> Any:
    """As `probe_tasks.weighted`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.weighted()


def wide() -> Any:
    """As `probe_tasks.wide`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.wide()

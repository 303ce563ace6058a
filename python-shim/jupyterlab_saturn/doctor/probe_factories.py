"""What exercises train: the tasks that techniques are compared by, named without loading torch."""

from __future__ import annotations

from typing import Any


def stack(**options: Any) -> Any:
    """As `probe_tasks.stack`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.stack(**options)


def hungry(memory_bytes: int) -> Any:
    """As `probe_tasks.hungry`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.hungry(memory_bytes)


def slow(seconds: float, straggler: int | None = None) -> Any:
    """As `probe_tasks.slow`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.slow(seconds, straggler)


def llama(**options: Any) -> Any:
    """As `probe_tasks.llama`."""
    from ..training.conformance import probe_tasks

    return probe_tasks.llama(**options)

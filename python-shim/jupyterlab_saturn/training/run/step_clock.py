"""Time in which steps are made, for those who share them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StepClock:
    """Stands still while one of those who are trained together evaluates or saves."""

    def __init__(self) -> None:
        self._paused = 0.0

    def now(self) -> float:
        """Seconds, from an arbitrary beginning."""
        return time.monotonic() - self._paused

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Within it no step is made by anyone."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self._paused += time.monotonic() - begin

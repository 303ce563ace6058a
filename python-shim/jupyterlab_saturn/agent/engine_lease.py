"""How long an agent on another node may train on without a word from its engine."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

_LOOK_SECONDS = 0.25


def _time_with_sleep() -> float:
    """Seconds since the machine was started, those of its sleep included."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class EngineLease:
    """Held while the engine answers: it may give a silent node's tasks to others after a while.

    It lasts from when something was *asked*, not from when the answer came: a process that was
    stopped finds old words in its socket when it goes on.

    Parameters
    ----------
    seconds
        How long it lasts.
    clock
        Seconds, which go on while the machine sleeps.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = _time_with_sleep) -> None:
        self._seconds = seconds
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._until = -math.inf

    @property
    def is_held(self) -> bool:
        """Whether the engine has answered lately; not before its first word."""
        return self._clock() < self._until

    def asked(self, id: str) -> None:
        """Note that a message was sent which the engine answers at once."""
        now = self._clock()
        self._asked = {old: at for old, at in self._asked.items() if now - at < self._seconds}
        self._asked[id] = now

    def answered(self, id: str) -> None:
        """Note an answer, to whatever."""
        at = self._asked.pop(id, None)
        if at is not None:
            self._until = max(self._until, at + self._seconds)

    async def watch(self, lost: Callable[[], None]) -> None:
        """Tell of each time that it is lost, until cancelled."""
        was_held = False
        while True:
            is_held = self.is_held
            if was_held and not is_held:
                lost()
            was_held = is_held
            await asyncio.sleep(_LOOK_SECONDS)

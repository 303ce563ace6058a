"""Results of inspections on their way to the engine, many in a message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..wire import message

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage, InspectResult

_SECONDS = 0.2
_MOST = 32  # each may hold a long traceback


class InspectionResults:
    """Says a result at once, and those that follow closely together: each message is written down.

    Parameters
    ----------
    say
        Sends a message to the engine.
    """

    def __init__(self, say: Callable[[AgentMessage], None]) -> None:
        self._say = say
        self._kept: list[InspectResult] = []
        self._said = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks whose results are not said yet."""
        return [result["task"] for result in self._kept]

    def add(self, result: InspectResult) -> None:
        """Take a result, to be said now or soon."""
        self._kept.append(result)
        left = self._said + _SECONDS - time.monotonic()
        if left <= 0 or len(self._kept) >= _MOST:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(left, self.flush)

    def flush(self) -> None:
        """Say what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._kept:
            results, self._kept = self._kept, []
            self._said = time.monotonic()
            self._say(message("agent", "inspect.results", {"results": results}))

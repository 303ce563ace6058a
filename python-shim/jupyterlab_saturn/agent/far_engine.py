"""An engine that runs on another node: there is nothing to start, and one line to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class FarEngine:
    """Stands for the `EngineProcess` where the engine is the business of another node's agent.

    What is said at this agent's endpoint is carried there by whoever started it.

    Parameters
    ----------
    started, died
        Told once each, when the agent begins and when it ends.
    """

    def __init__(self, *, started: Callable[[], None], died: Callable[[], None]) -> None:
        self._started = started
        self._died = died

    async def supervise(self) -> None:
        """Keep the line open until cancelled."""
        self._started()
        try:
            await asyncio.Event().wait()
        finally:
            self._died()

    def listen_at(self, endpoint: str) -> None:
        """Nothing: who carries the messages listens at the endpoint, and looks after it."""

"""What all requests to a server about sessions share."""

from __future__ import annotations

import asyncio

import zmq.asyncio

from .. import wire
from .session_finder import SessionFinder

_FIRST = ("Envelope", "ClientHello", "KernelStatus", "StateReply", "StateTaken", "StateChange")
"""Definitions of what every page says and hears."""


class SessionAccess:
    """The way to sessions.

    Parameters
    ----------
    finder
        Finds them.
    context
        Of all lines to their engines.
    """

    def __init__(self, finder: SessionFinder, context: zmq.asyncio.Context) -> None:
        self.finder = finder
        self.context = context
        self._preparing: asyncio.Task[None] | None = None

    def prepare(self) -> asyncio.Task[None]:
        """Begin with what takes long the first time, beside the server's other work."""
        if self._preparing is None:
            self._preparing = asyncio.create_task(asyncio.to_thread(wire.prepare, *_FIRST))
        return self._preparing

    async def prepared(self) -> None:
        """Wait until that is done."""
        await asyncio.shield(self.prepare())

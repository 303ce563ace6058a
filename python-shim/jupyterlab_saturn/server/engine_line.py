"""A page's own line to the engine of a session."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

from .. import __version__, wire
from ..errors import SaturnError
from ..private_folders import is_private

if TYPE_CHECKING:
    from ..generated.wire_types import ClientMessage, EngineMessage

SILENCE_SECONDS = 8.0
MOST_WAITING = 64
"""So many answers a page may wait for at once."""

_TICK_SECONDS = 1.0
_FIRST_ANSWER_SECONDS = 2.0
_LARGE_BYTES = 1 << 16
_MONITORED = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
_log = logging.getLogger(__name__)

Hear = Callable[[bytes], Awaitable[None]]
"""Takes a message of the engine, checked."""


class EngineLine:
    """A client of the engine on behalf of one page.

    It greets each new engine, sends again what the one before left unanswered, and pings. What the
    engine says is taken one after the other, when the page has taken what came before: the page
    itself says which states it has, so that a slow one gets the newest, and delays nobody.

    Parameters
    ----------
    context
        Of all lines of the server.
    endpoint
        Address of the engine's socket.
    hear
        Takes what the engine says, with the ids of the page's own messages.
    changed
        Called when `is_up` has changed.
    broke
        Called when the line has ended by itself, by an error of its own.
    """

    def __init__(
        self,
        context: zmq.asyncio.Context,
        endpoint: str,
        hear: Hear,
        changed: Callable[[], Awaitable[None]],
        broke: Callable[[], None],
    ) -> None:
        self._hear = hear
        self._changed = changed
        self._broke = broke
        self._greeted_by = ""
        self._linked = False
        self._made = self._heard = self._pinged = time.monotonic()
        self._was_up = False
        self._waiting: dict[str, tuple[str, bytes]] = {}
        self._dealer = context.socket(zmq.DEALER)
        self._dealer.linger = 0
        # Nothing is queued for an engine that is not there: it is sent when it is back.
        self._dealer.immediate = 1
        self._dealer.reconnect_ivl = 100
        self._monitor = self._dealer.get_monitor_socket(_MONITORED)
        self._dealer.connect(endpoint)
        self._task = asyncio.create_task(self._run())
        self.is_up = False
        self.refusal: SaturnError | None = None
        """Why the engine does not talk to this server: another version."""

    @property
    def is_away(self) -> bool:
        """Whether the engine does not answer, though it did before or had time to."""
        had_time = time.monotonic() - self._made > _FIRST_ANSWER_SECONDS
        return not self.is_up and (self._was_up or had_time)

    async def send(self, message: ClientMessage) -> None:
        """Pass a page's message on.

        Raises
        ------
        SaturnError
            ``bad-message`` or ``too-large``; ``too-many`` when the page waits for many answers.
        """
        if message["type"] == "state.taken":
            await self._say(wire.encode("client", message))
            return
        if len(self._waiting) >= MOST_WAITING:
            raise SaturnError(
                "too-many",
                f"This page waits for {MOST_WAITING} answers already.",
                "Wait until some have come.",
            )
        passed = message.copy()
        passed["id"] = wire.new_id()  # unique among what this line says
        data = wire.encode("client", passed)
        self._waiting[passed["id"]] = message["id"], data
        await self._say(data)

    async def ask_state(self) -> None:
        """Have the engine tell the whole state."""
        await self._say(wire.encode("client", wire.message("client", "state")))

    async def close(self) -> None:
        """End the line."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch())
                tasks.create_task(self._receive())
                tasks.create_task(self._tick())
        except* Exception:
            _log.exception("A line to an engine broke.")
            self._broke()
        finally:
            self._dealer.disable_monitor()
            self._monitor.close(linger=0)
            self._dealer.close(linger=0)

    async def _watch(self) -> None:
        while True:
            event = await recv_monitor_message(self._monitor)
            self._linked = event["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED
            if self._linked:
                greeting = wire.message(
                    "client", "hello", {"pid": os.getpid(), "version": __version__}
                )
                self._greeted_by = greeting["id"]
                await self._say(wire.encode("client", greeting))
                for _, data in list(self._waiting.values()):
                    await self._say(data)
            else:
                await self._set_up(False)

    async def _receive(self) -> None:
        while True:
            data = await self._dealer.recv()
            self._heard = time.monotonic()
            try:
                message: EngineMessage = await _do(len(data), wire.decode, "engine", data)
            except SaturnError as error:
                _log.warning("An engine said what nobody understands: %s", error)
                await self._misunderstand(data, error)
                continue
            await self._take(message, data)

    async def _take(self, message: EngineMessage, data: bytes) -> None:
        asked = message.get("re")
        if asked is not None and asked == self._greeted_by and message["type"] == "error":
            self.refusal = SaturnError.from_json(message["body"]["error"])
            await self._changed()
            return
        await self._set_up(True)
        if asked is None:
            await self._hear(data)
            return
        if asked in self._waiting:
            message["re"], _ = self._waiting.pop(asked)
        elif message["type"] == "state":  # what this line itself has asked for
            del message["re"]
        else:
            return
        await self._hear(await _do(len(data), _dumped, message))

    async def _misunderstand(self, data: bytes, error: SaturnError) -> None:
        waiting = self._waiting.pop(wire.answered(data), None)
        if waiting is not None:
            failure = wire.message("engine", "error", {"error": error.to_json()}, waiting[0])
            await self._hear(wire.encode("engine", failure))
        else:
            await self.ask_state()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = time.monotonic()
            if now - self._heard > SILENCE_SECONDS:
                await self._set_up(False)
            if self._linked and now - self._pinged > wire.PING_SECONDS:
                self._pinged = now
                await self._say(wire.encode("client", wire.message("client", "ping")))

    async def _set_up(self, up: bool) -> None:
        self._was_up = self._was_up or up
        if up != self.is_up:
            self.is_up = up
            await self._changed()

    async def _say(self, data: bytes) -> None:
        try:
            await self._dealer.send(data, zmq.NOBLOCK)
        except zmq.ZMQError:  # no engine just now; what waits for an answer is sent again
            return


def is_safe(endpoint: str) -> bool:
    """Whether an address is that of a socket that only this user can have made."""
    path = Path(endpoint.removeprefix("ipc://"))
    return endpoint.startswith("ipc://") and path.is_absolute() and is_private(path.parent)


async def _do(size: int, work: Callable[..., Any], *arguments: Any) -> Any:
    """Do something with a message of so many bytes: with a large one, beside all other work."""
    if size > _LARGE_BYTES:
        return await asyncio.to_thread(work, *arguments)
    return work(*arguments)


def _dumped(message: EngineMessage) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()

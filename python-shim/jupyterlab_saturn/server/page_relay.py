"""Between one page and a session: messages pass, both ways, as they are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import zmq.asyncio

from .. import __version__, wire
from ..errors import SaturnError, failure_of
from .engine_line import EngineLine
from .session_finder import FoundSession
from .session_presence import SessionPresence, engine_away, presence_of
from .session_waking import wake

if TYPE_CHECKING:
    from ..generated.wire_types import (
        ClientMessage,
        EngineMessage,
        Failure,
        KernelMessage,
        KernelStatus,
    )

_LOOK_SECONDS = 1.0
_log = logging.getLogger(__name__)
LOOKS = frozenset(
    {
        *("checkpoints.read", "curves.read", "export", "hello", "load.read", "output.read"),
        *("ping", "render", "state", "state.at", "state.taken"),
    }
)
"""Messages that change nothing in a session."""

Send = Callable[[bytes], Awaitable[None]]


class PageRelay:
    """Relays between a page and the engine of a session, whether or not that runs.

    To the page it speaks as a kernel does on its comm: it says by `kernel.status` whether the
    session's engine is reached, and starts it on `attach` alone.

    Parameters
    ----------
    found
        The session.
    context
        Of all lines of the server.
    send
        Sends a message to the page; returns once it may be sent more.
    end
        Closes the page's websocket, when it would not be told any more what there is: it opens
        another.
    may_steer
        Whether the page may do more than look.
    """

    def __init__(
        self,
        found: FoundSession,
        context: zmq.asyncio.Context,
        send: Send,
        end: Callable[[], None],
        *,
        may_steer: bool,
    ) -> None:
        self._found = found
        self._context = context
        self._send = send
        self._end = end
        self._may_steer = may_steer
        self._line: EngineLine | None = None
        self._endpoint = ""
        self._waking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._told: tuple[bool, str | None] | None = None
        self._seen = SessionPresence(None, None)
        self._unwoken: Failure | None = None
        self._closed = False

    async def receive(self, data: bytes | str) -> None:
        """Take what a page says; what cannot be taken is answered."""
        try:
            message = _decoded(data)
        except SaturnError as error:
            await self._refuse(error, _id_of(data))
            return
        try:
            await self._take(message)
        except SaturnError as error:
            await self._refuse(error, message["id"])

    async def close(self) -> None:
        """Leave the session; it goes on, and so does starting it."""
        self._closed = True
        for task in (self._watching, self._waking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._line is not None:
            await self._line.close()
            self._line = None

    async def _take(self, message: ClientMessage) -> None:
        if not self._may_steer and message["type"] not in LOOKS:
            raise SaturnError(
                "not-allowed",
                "You may look at this session, but not act on it.",
                "Ask who runs this Jupyter server.",
            )
        if message["type"] == "hello":
            await self._greet(message["id"])
        elif message["type"] == "attach":
            if self._waking is None or self._waking.done():
                self._waking = asyncio.create_task(self._wake(message["id"]))
        elif self._line is not None:
            await self._line.send(message)
        elif message["type"] != "state.taken":
            raise SaturnError(
                "not-attached",
                "The session does not run.",
                "Wake it in its dashboard, or run %saturn status in its notebook.",
            )

    async def _greet(self, asked: str) -> None:
        is_new = self._line is None
        await self._look()
        await self._tell_status(asked)
        if self._line is not None and not is_new:
            await self._line.ask_state()
        # It may have closed while one of these was awaited.
        if self._watching is None and not self._closed:
            self._watching = asyncio.create_task(self._watch())

    async def _wake(self, asked: str) -> None:
        self._unwoken = None
        try:
            await asyncio.to_thread(wake, self._found)
        except Exception as error:
            self._unwoken = failure_of(error)
        await self._look()
        await self._tell_status(asked)

    async def _watch(self) -> None:
        """Follow the session through the ends and beginnings of its agent."""
        try:
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                await self._look()
                await self._tell_status()
        except Exception:
            _log.exception("A page cannot be told how its session is.")
            self._end()

    async def _look(self) -> None:
        """Have a line to the engine that is there, and none to one that was."""
        self._seen = await asyncio.to_thread(presence_of, self._found.paths)
        if self._line is not None and self._seen.endpoint != self._endpoint:
            line, self._line = self._line, None
            await line.close()
        endpoint = self._seen.endpoint
        if self._line is None and endpoint is not None and not self._closed:
            self._endpoint = endpoint
            self._unwoken = None
            self._line = EngineLine(
                self._context, endpoint, self._send, self._tell_status, self._end
            )

    async def _tell_status(self, re: str | None = None) -> None:
        attached = self._line is not None
        failure = self._failure()
        told = attached, None if failure is None else failure["code"]
        if re is None and told == self._told:
            return
        self._told = told
        body: KernelStatus = {
            "version": __version__,
            "session": self._found.paths.name,
            "attached": attached,
        }
        if failure is not None:
            body["error"] = failure
        status: KernelMessage = wire.message("kernel", "kernel.status", body, re)
        await self._send(wire.encode("kernel", status))

    def _failure(self) -> Failure | None:
        """What is in the way, where the session is not merely asleep."""
        if self._line is None:
            return self._seen.failure if self._unwoken is None else self._unwoken
        if self._line.refusal is not None:
            return self._line.refusal.to_json()
        return engine_away() if self._line.is_away else None

    async def _refuse(self, error: SaturnError, re: str | None) -> None:
        refusal = wire.message("engine", "error", {"error": error.to_json()}, re)
        await self._send(wire.encode("engine", refusal))


def _decoded(data: bytes | str) -> ClientMessage:
    if isinstance(data, bytes):
        raise SaturnError("bad-message", "A message is text, not bytes.")
    encoded = data.encode("utf-8", "replace")
    wire.check_size(encoded)
    return wire.decode("client", encoded)


def _id_of(data: bytes | str) -> str | None:
    """The id of a message that may be malformed otherwise, to answer it."""
    with contextlib.suppress(ValueError, RecursionError):
        found: Any = json.loads(data) if isinstance(data, str) and len(data) < 1 << 20 else None
        id = found.get("id") if isinstance(found, dict) else None
        if isinstance(id, str) and 0 < len(id) <= 64:
            return id
    return None


def unknown_session() -> EngineMessage:
    """What a page is told that asks for a session nobody knows."""
    error: Failure = {
        "code": "no-session",
        "message": "There is no such session below the folder of this Jupyter server.",
        "hint": "Its folder was removed or moved. Choose another session.",
    }
    return wire.message("engine", "error", {"error": error})

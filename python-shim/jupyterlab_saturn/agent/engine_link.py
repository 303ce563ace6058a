"""The agent's line to its engine: one socket for each life of the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

from .. import wire
from ..errors import SaturnError, failure_of
from .engine_lease import EngineLease
from .refused_reports import in_place_of
from .unacked_messages import UnackedMessages

if TYPE_CHECKING:
    from ..generated.wire_types import AgentHello, AgentMessage, EngineMessage, Failure

_log = logging.getLogger(__name__)

_RECONNECT_MS = 50
_UNKNOWN = "unknown-agent"
"""Code of the engine's answer to an agent that was silent for so long that it gave it up."""
_ANSWERED_AT_ONCE = frozenset({"agent.hello", "agent.ping"})


class EngineLink:
    """Says things to the engine, keeps them until acknowledged, and says them again.

    Parameters
    ----------
    endpoint
        Address that lines lead to.
    hello
        Body of the ``agent.hello`` that opens the line to each new engine.
    connected
        Told when an engine answers on the line, the first time in its life.
    heard
        Given each valid message that is not an acknowledgement.
    refused
        Given the answer to a hello that the engine does not take.
    lease
        Told of what is asked and answered; None where nobody needs to know.

    Attributes
    ----------
    is_up
        Whether the engine has answered on this line.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        hello: Callable[[], AgentHello],
        connected: Callable[[], None],
        heard: Callable[[EngineMessage], None],
        refused: Callable[[Failure], None] = lambda _: None,
        lease: EngineLease | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._hello = hello
        self._connected = connected
        self._heard = heard
        self._refused = refused
        self._lease = lease
        self._greeting = ""
        self._unacked = UnackedMessages()
        self._context = zmq.asyncio.Context()
        self._socket: zmq.asyncio.Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.is_up = False

    def open(self) -> None:
        """A new line, for a new engine or one that gave this agent up: hello first, then
        everything not yet acknowledged.

        A socket of the last engine's must not be used on: what it holds would precede the hello.
        """
        self.close()
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.connect(self._endpoint)
        self._socket = socket
        self._tasks = [
            asyncio.create_task(self._await_handshake(socket, monitor)),
            asyncio.create_task(self._listen(socket)),
        ]
        hello = wire.message("agent", "agent.hello", self._hello())
        self._greeting = hello["id"]
        self._put(hello)
        for envelope in self._unacked.pending():
            self._put(envelope)

    def lead_to(self, endpoint: str) -> None:
        """Have lines lead elsewhere: those to come, and one that nobody has answered yet."""
        moves = endpoint != self._endpoint
        self._endpoint = endpoint
        if moves and self._socket is not None and not self.is_up:
            self.open()

    def close(self) -> None:
        """Cut the line; what was not acknowledged is kept for the next."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self.is_up = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def terminate(self) -> None:
        """Cut the line for good."""
        self.close()
        self._context.destroy(linger=0)

    def unacknowledged(self) -> list[AgentMessage]:
        """What the engine was told, or is to be told, and has not yet written down."""
        return self._unacked.pending()

    def say(self, envelope: AgentMessage, *, keep: bool = True) -> None:
        """Send a message now, and once more to each new engine until one acknowledges it.

        Parameters
        ----------
        keep
            False for what is worthless later: it is sent once, or not at all without an engine.
        """
        if keep:
            self._unacked.keep(envelope)
        self._put(envelope)

    def _put(self, envelope: AgentMessage) -> None:
        if self._socket is None:
            return
        try:
            data = wire.encode("agent", envelope)
        except (SaturnError, ValueError) as error:
            _log.exception("A message of type %s cannot be sent.", envelope["type"])
            self._unacked.acknowledge(envelope["id"])
            instead = in_place_of(envelope, failure_of(error, "bad-message"))
            if instead is not None and instead != envelope:
                self.say(instead)
            return
        if self._lease is not None and envelope["type"] in _ANSWERED_AT_ONCE:
            self._lease.asked(envelope["id"])
        # Without a high-water mark nothing is ever waited for here.
        self._socket.send(data)

    async def _await_handshake(
        self, socket: zmq.asyncio.Socket, monitor: zmq.asyncio.Socket
    ) -> None:
        try:
            await recv_monitor_message(monitor)
        finally:
            socket.disable_monitor()
            monitor.close()
        self.is_up = True
        self._connected()

    async def _listen(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            frames = await socket.recv_multipart()
            try:
                envelope = wire.decode("engine", frames[-1])
            except SaturnError as error:
                _log.warning("The engine says something strange. %s", error.message)
                continue
            if envelope["type"] == "error":
                if envelope["body"]["error"]["code"] == _UNKNOWN:
                    _log.warning("The engine took this agent for gone; it says hello again.")
                    self.open()
                    return
                _log.error("The engine refused a message: %s", envelope["body"]["error"])
                if envelope.get("re") == self._greeting:
                    self._refused(envelope["body"]["error"])
            if envelope["type"] == "ok" and "re" in envelope and self._lease is not None:
                self._lease.answered(envelope["re"])
            if "re" in envelope and envelope["type"] in ("ok", "error"):
                self._unacked.acknowledge(envelope["re"])
                continue
            try:
                self._heard(envelope)
            except Exception:
                _log.exception("A message of type %s could not be handled.", envelope["type"])

"""The thread that owns a kernel's ZeroMQ socket, and what it does by itself."""

from __future__ import annotations

import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import wire
from ..errors import SaturnError
from .judged import whole_state
from .state_change import with_change

if TYPE_CHECKING:
    import zmq

    from ..generated.wire_types import (
        ClientHello,
        ClientMessage,
        EngineMessage,
        SessionState,
        StateChange,
    )

#: An engine that said nothing for this long is taken for away, in seconds.
SILENCE_SECONDS = 6.0
_TICK_SECONDS = 0.5
_log = logging.getLogger(__name__)


@dataclass
class Request:
    """A message on its way, until its reply comes or nobody waits for it any more."""

    envelope: ClientMessage
    reply: Callable[[EngineMessage], None]
    data: bytes
    given_up: bool = False


@dataclass(frozen=True)
class Events:
    """What a channel tells, in its thread."""

    on_state: Callable[[SessionState, StateChange | None], None]
    """The newest state, and what made it of the one before; None where the whole was told."""
    on_up: Callable[[bool], None]
    on_gone: Callable[[SaturnError], None]
    """Nobody is there to talk to any more, and why."""


class SocketThread:
    """Carries messages to the engine and back.

    It says hello to each new engine, sends again what the one before left unanswered, pings, and
    ends when the engine is silent or away and `alive` denies that anybody will restart it, or when
    the engine refuses it. Of the session's state it keeps a copy, by what the engine says has
    changed.

    Parameters
    ----------
    endpoint
        Address of the engine's socket.
    alive
        Whether the agent that keeps the engine running is alive.
    hello
        Body of the ``hello`` message.
    events
        Who hears of states and of changes of the line.
    """

    def __init__(
        self, endpoint: str, alive: Callable[[], bool], hello: ClientHello, events: Events
    ) -> None:
        self._endpoint = endpoint
        self._alive = alive
        self._hello = hello
        self._events = events
        self._up = False
        self._closed = False
        self._state: SessionState | None = None
        self._told = self._asking = False
        self._greeted_by = ""
        self._read_at = time.monotonic()
        self._pending: dict[str, Request] = {}
        self._outgoing: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="saturn-connection", daemon=True)
        self._thread.start()

    @property
    def read_at(self) -> float:
        """When everything that had come was read, by `time.monotonic`. For any thread."""
        return self._read_at

    def put(self, request: Request) -> None:
        """Send a message as soon as there is an engine to take it. For any thread."""
        self._outgoing.put(request)
        self.wake()

    def wake(self) -> None:
        """Have the thread look for what has come. For any thread."""
        try:
            self._wake_in.send(b"x")
        except OSError:  # full (the thread will wake anyway), or closed
            return

    def close(self) -> None:
        """End the thread, and with it the sockets."""
        self._closed = True
        self.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    # What follows runs in the channel's thread alone.

    def _run(self) -> None:
        import zmq

        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            # Nothing is queued for an engine that is not there: it is sent when it is back.
            dealer.immediate = 1
            dealer.reconnect_ivl = 100
            monitor = dealer.get_monitor_socket(
                zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
            )
            dealer.connect(self._endpoint)
            try:
                self._serve(dealer, monitor)
            finally:
                dealer.disable_monitor()
                monitor.close(linger=0)
                self._wake_out.close()
                self._wake_in.close()

    def _serve(self, dealer: zmq.Socket[bytes], monitor: zmq.Socket[bytes]) -> None:
        import zmq
        from zmq.utils.monitor import recv_monitor_message

        poller = zmq.Poller()
        for each in (dealer, monitor, self._wake_out):
            poller.register(each, zmq.POLLIN)
        linked = False
        heard = pinged = asked = time.monotonic()
        while not self._closed:
            ready = dict(poller.poll(int(_TICK_SECONDS * 1000)))
            now = time.monotonic()
            if self._wake_out.fileno() in ready:
                self._wake_out.recv(4096)
            if monitor in ready:
                linked = recv_monitor_message(monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED
                if linked:
                    asked = pinged = now
                    self._greet(dealer)
            if dealer in ready:
                heard = now
                self._receive(dealer, dealer.recv())
            else:
                self._read_at = now
            while not self._outgoing.empty():
                request = self._outgoing.get()
                self._pending[request.envelope["id"]] = request
                if linked:
                    _send(dealer, request.data)
            silent = now - heard > SILENCE_SECONDS
            if (silent or not linked) and not self._alive():
                self._set_up(False)
                self._end(_agent_gone())
                return
            if silent:
                self._set_up(False)
                if linked and now - asked > SILENCE_SECONDS / 2:
                    asked = now
                    # One that is merely slow would answer each greeting by the whole state.
                    _send(dealer, _ping() if self._told else self._greeting())
            elif linked and now - pinged > wire.PING_SECONDS:
                pinged = now
                _send(dealer, _ping())

    def _greet(self, dealer: zmq.Socket[bytes]) -> None:
        """Tell a new engine who we are, and again what its predecessor left unanswered."""
        self._told = self._asking = False
        _send(dealer, self._greeting())
        self._pending = {
            id: request for id, request in self._pending.items() if not request.given_up
        }
        for request in self._pending.values():
            _send(dealer, request.data)

    def _greeting(self) -> bytes:
        greeting = wire.message("client", "hello", self._hello)
        self._greeted_by = greeting["id"]
        return wire.encode("client", greeting)

    def _receive(self, dealer: zmq.Socket[bytes], data: bytes) -> None:
        try:
            envelope = wire.decode("engine", data)
            whole = whole_state(envelope["body"]) if envelope["type"] == "state" else None
        except SaturnError as error:
            self._misunderstand(dealer, data, error)
            return
        request = self._pending.pop(envelope.get("re", ""), None)
        if whole is not None:
            self._asking = False
            self._take(dealer, whole, None)
        elif envelope["type"] == "change":
            self._follow(dealer, envelope["body"])
        elif envelope["type"] == "error" and envelope.get("re") == self._greeted_by:
            self._end(SaturnError.from_json(envelope["body"]["error"]))
        if request is not None:
            call(request.reply, envelope)
        if self._told:
            self._set_up(True)

    def _follow(self, dealer: zmq.Socket[bytes], change: StateChange) -> None:
        try:
            if self._state is None or not self._told:
                raise SaturnError("bad-change", "Nothing is known that could have changed.")
            state = with_change(self._state, change)
        except SaturnError as error:
            _log.info("%s", error)
            self._ask_all(dealer)
        else:
            self._take(dealer, state, change)

    def _take(
        self, dealer: zmq.Socket[bytes], state: SessionState, change: StateChange | None
    ) -> None:
        self._state = state
        self._told = True
        self._set_up(True)
        call(self._events.on_state, state, change)
        # Only now may more come: whoever is slow gets the newest, never a queue of what was.
        taken = wire.message("client", "state.taken", {"rev": state["rev"]})
        _send(dealer, wire.encode("client", taken))

    def _ask_all(self, dealer: zmq.Socket[bytes]) -> None:
        """Ask for the whole state, unless it is on its way."""
        if not self._asking:
            self._asking = True
            _send(dealer, wire.encode("client", wire.message("client", "state")))

    def _misunderstand(self, dealer: zmq.Socket[bytes], data: bytes, error: SaturnError) -> None:
        """Tell who waits for an answer that it came, and what is wrong with it."""
        _log.warning("The engine said what nobody understands: %s", error)
        asked = wire.answered(data)
        request = self._pending.pop(asked, None)
        if request is not None:
            failure = wire.message("engine", "error", {"error": error.to_json()}, asked)
            call(request.reply, failure)
        else:
            self._ask_all(dealer)

    def _end(self, error: SaturnError) -> None:
        self._closed = True
        call(self._events.on_gone, error)

    def _set_up(self, up: bool) -> None:
        if up != self._up:
            self._up = up
            call(self._events.on_up, up)


def _ping() -> bytes:
    return wire.encode("client", wire.message("client", "ping"))


def _agent_gone() -> SaturnError:
    return SaturnError(
        "agent-gone",
        "The session's agent is not running any more, so nothing trains.",
        "Finished work is kept. `%saturn run` starts the agent again and goes on from the "
        "last checkpoints.",
    )


def call(listener: Callable[..., None], *arguments: Any) -> None:
    """Call a listener whose trouble is not to end the thread."""
    try:
        listener(*arguments)
    except Exception:
        _log.exception("A listener of the session failed.")


def _send(dealer: zmq.Socket[bytes], data: bytes) -> None:
    import zmq

    try:
        dealer.send(data, zmq.NOBLOCK)
    except zmq.Again:  # the engine is just going away; requests are sent again when it is back
        return

"""A kernel's line to the engine: one thread that owns one ZeroMQ socket."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import wire
from ..errors import Json, SaturnError

if TYPE_CHECKING:
    import zmq

StateListener = Callable[[Json], None]
StatusListener = Callable[[], None]
Reply = Callable[[Json], None]

#: A ping goes out this often, in seconds.
PING_SECONDS = 5.0
#: An engine that said nothing for this long is taken for away, in seconds.
SILENCE_SECONDS = 6.0
_TICK_SECONDS = 0.5
_log = logging.getLogger(__name__)


@dataclass
class _Request:
    """A message on its way, until its reply comes."""

    envelope: Json
    reply: Reply
    data: bytes
    given_up: bool = False


class Connection:
    """A client of the engine.

    The engine may be restarted at any time: the connection then says hello again, sends again
    what was not answered, and goes on. Listeners are called in the connection's thread.

    Parameters
    ----------
    endpoint
        Address of the engine's socket.
    alive
        Whether the agent that keeps the engine running is alive.
    hello
        Body of the ``hello`` message: pid and version.
    """

    def __init__(self, endpoint: str, alive: Callable[[], bool], hello: Json) -> None:
        self._endpoint = endpoint
        self._alive = alive
        self._hello = hello
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._state: Json | None = None
        self._up = False
        self._gone = False
        self._closed = False
        self._pending: dict[str, _Request] = {}
        self._outgoing: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        self._state_listeners: list[StateListener] = []
        self._status_listeners: list[StatusListener] = []
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="saturn-connection", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def state(self) -> Json | None:
        """The newest state the engine told; None before the first."""
        return self._state

    @property
    def attached(self) -> bool:
        """Whether the engine answers."""
        return self._up and self._state is not None and not self._closed

    @property
    def gone(self) -> bool:
        """Whether the agent died, so that nobody will restart the engine."""
        return self._gone or self._closed

    def listen(self, on_state: StateListener, on_status: StatusListener) -> Callable[[], None]:
        """Hear every state and every change of `attached`. Returns what ends it."""
        self._state_listeners.append(on_state)
        self._status_listeners.append(on_status)

        def end() -> None:
            if on_state in self._state_listeners:
                self._state_listeners.remove(on_state)
                self._status_listeners.remove(on_status)

        return end

    def post(self, type: str, body: Json, reply: Reply) -> _Request:
        """Send a message; `reply` gets the answer's envelope in the connection's thread.

        Raises SaturnError ``bad-message``, ``unknown-message``,
        ``too-large`` or ``agent-gone``.
        """
        envelope = wire.message(type, body)
        request = _Request(envelope, reply, wire.encode("client", envelope))
        self._refuse_when_gone()
        self._outgoing.put(request)
        self._wake()
        return request

    def request(self, type: str, body: Json | None = None, timeout: float = 20.0) -> Json:
        """Send a message and wait for the body of its reply.

        Parameters
        ----------
        timeout
            Longest wait in seconds.

        Raises
        ------
        SaturnError
            What the engine answered; ``engine-silent`` after the timeout; ``agent-gone`` when
            nobody is left to answer.
        """
        replies: list[Json] = []

        def take(envelope: Json) -> None:
            with self._changed:
                replies.append(envelope)
                self._changed.notify_all()

        request = self.post(type, body or {}, take)
        try:
            answered = self._wait(lambda: bool(replies), timeout)
        finally:
            request.given_up = True
        if not answered:
            raise SaturnError(
                "engine-silent",
                f"The engine did not answer {type!r} within {timeout:g} seconds.",
                "Training goes on meanwhile. Try again; if it stays silent, look into engine.log "
                "in the session's folder.",
            )
        envelope = replies[0]
        if envelope["type"] == "error":
            raise SaturnError.from_json(envelope["body"]["error"])
        answer: Json = envelope["body"]
        return answer

    def wait_for(
        self,
        predicate: Callable[[Json], bool],
        timeout: float | None = None,
        on_state: StateListener | None = None,
    ) -> Json:
        """Wait until the state fulfils a condition, and return that state.

        Parameters
        ----------
        timeout
            Longest wait in seconds; for ever when None.
        on_state
            Called in the caller's thread with each new state, and about twice a second.

        Raises
        ------
        SaturnError
            ``engine-silent`` after the timeout; ``agent-gone`` when nobody is left to go on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            state = self._state
            if state is not None:
                if on_state is not None:
                    on_state(state)
                if predicate(state):
                    return state
            self._refuse_when_gone()
            if deadline is not None and time.monotonic() >= deadline:
                raise SaturnError(
                    "engine-silent",
                    f"The session did not get there within {timeout:g} seconds.",
                    "Look at it with: %saturn status",
                )
            with self._changed:
                if self._state is state:
                    self._changed.wait(_TICK_SECONDS)

    def close(self) -> None:
        """End the thread and close the socket. Safe to call twice, and in a forked child."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)
        with self._changed:
            self._changed.notify_all()

    def _refuse_when_gone(self) -> None:
        if os.getpid() != self._pid:
            raise SaturnError(
                "forked",
                "This process was forked from the notebook's kernel, which owns the session.",
                "Talk to the session from the notebook itself.",
            )
        if self._gone:
            raise SaturnError(
                "agent-gone",
                "The session's agent is not running any more, so nothing trains.",
                "Finished work is kept. `%saturn run` starts the agent again and goes on from the "
                "last checkpoints.",
            )
        if self._closed:
            raise SaturnError("closed", "This session is closed.", "Open it again: %saturn session")

    def _wait(self, done: Callable[[], bool], timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        with self._changed:
            while not done():
                self._refuse_when_gone()
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _TICK_SECONDS))
        return True

    def _wake(self) -> None:
        try:
            self._wake_in.send(b"x")
        except OSError:  # full (the thread will wake anyway), or closed
            return

    # What follows runs in the connection's thread alone.

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
                self._receive(dealer.recv())
            while not self._outgoing.empty():
                request = self._outgoing.get()
                self._pending[request.envelope["id"]] = request
                if linked:
                    self._send(dealer, request)
            if now - heard > SILENCE_SECONDS:
                self._set_up(False)
                if not self._alive():
                    self._set_gone()
                    return
                if linked and now - asked > SILENCE_SECONDS / 2:
                    asked = now
                    self._send_now(dealer, "hello", self._hello)
            elif linked and now - pinged > PING_SECONDS:
                pinged = now
                self._send_now(dealer, "ping", {})

    def _greet(self, dealer: zmq.Socket[bytes]) -> None:
        """Tell a new engine who we are, and again what its predecessor left unanswered."""
        self._send_now(dealer, "hello", self._hello)
        self._pending = {
            id: request for id, request in self._pending.items() if not request.given_up
        }
        for request in self._pending.values():
            self._send(dealer, request)

    def _send_now(self, dealer: zmq.Socket[bytes], type: str, body: Json) -> None:
        envelope = wire.message(type, body)
        self._send(dealer, _Request(envelope, _ignore, wire.encode("client", envelope)))

    def _send(self, dealer: zmq.Socket[bytes], request: _Request) -> None:
        import zmq

        try:
            dealer.send(request.data, zmq.NOBLOCK)
        except zmq.Again:  # the engine is just going away; it is sent again when it is back
            return

    def _receive(self, data: bytes) -> None:
        try:
            envelope = wire.decode("engine", data)
        except SaturnError as error:
            # A reply answers to nobody, so its reader is told here; the request times out.
            _log.warning("The engine said what nobody understands: %s", error)
            return
        request = self._pending.pop(envelope.get("re", ""), None)
        if envelope["type"] == "state":
            self._set_state(envelope["body"]["state"])
        if request is not None:
            _call(request.reply, envelope)

    def _set_state(self, state: Json) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()
        self._set_up(True)
        for listener in list(self._state_listeners):
            _call(listener, state)

    def _set_up(self, up: bool) -> None:
        if up == self._up:
            return
        self._up = up
        for listener in list(self._status_listeners):
            _call(listener)

    def _set_gone(self) -> None:
        with self._changed:
            self._gone = True
            self._changed.notify_all()
        for listener in list(self._status_listeners):
            _call(listener)


def _call(listener: Callable[..., None], *arguments: Any) -> None:
    """Call a listener whose trouble is not to end the connection."""
    try:
        listener(*arguments)
    except Exception:
        _log.exception("A listener of the session failed.")


def _ignore(_: Any) -> None:
    """The reply to this message changes nothing."""

"""A kernel's line to the engine: requests and their replies, and the newest state."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from .. import wire
from ..errors import SaturnError
from .socket_thread import Events, Request, SocketThread, call

if TYPE_CHECKING:
    from ..generated.wire_types import (
        ClientHello,
        ClientMessage,
        EngineMessage,
        Ok,
        OkRequest,
        Rendered,
        RenderedRequest,
        SessionState,
        StateReply,
        StateRequest,
        TasksAdded,
        TasksAddedRequest,
    )

StateListener = Callable[["SessionState"], None]
StatusListener = Callable[[], None]

_TICK_SECONDS = 0.5


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

    def __init__(self, endpoint: str, alive: Callable[[], bool], hello: ClientHello) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._state: SessionState | None = None
        self._up = False
        self._gone = False
        self._closed = False
        self._state_listeners: list[StateListener] = []
        self._status_listeners: list[StatusListener] = []
        events = Events(self._on_state, self._on_up, self._on_gone)
        self._channel = SocketThread(endpoint, alive, hello, events)
        atexit.register(self.close)

    @property
    def state(self) -> SessionState | None:
        """The newest state the engine told; None before the first."""
        return self._state

    @property
    def attached(self) -> bool:
        """Whether the engine answers."""
        return self._up and not self.gone

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

    def post(self, message: ClientMessage, reply: Callable[[EngineMessage], None]) -> Request:
        """Send a message; `reply` gets the answer's envelope in the connection's thread.

        Raises SaturnError ``bad-message``, ``unknown-message``, ``too-large`` or ``agent-gone``.
        """
        request = Request(message, reply, wire.encode("client", message))
        self._refuse_when_gone()
        self._channel.put(request)
        return request

    @overload
    def request(self, message: OkRequest, timeout: float = ...) -> Ok: ...
    @overload
    def request(self, message: StateRequest, timeout: float = ...) -> StateReply: ...
    @overload
    def request(self, message: RenderedRequest, timeout: float = ...) -> Rendered: ...
    @overload
    def request(self, message: TasksAddedRequest, timeout: float = ...) -> TasksAdded: ...
    def request(self, message: ClientMessage, timeout: float = 20.0) -> Any:
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
        replies: list[EngineMessage] = []

        def take(envelope: EngineMessage) -> None:
            with self._changed:
                replies.append(envelope)
                self._changed.notify_all()

        request = self.post(message, take)
        try:
            answered = self._wait(lambda: bool(replies), timeout)
        finally:
            request.given_up = True
        if not answered:
            raise SaturnError(
                "engine-silent",
                f"The engine did not answer {message['type']!r} within {timeout:g} seconds.",
                "Training goes on meanwhile. Try again; if it stays silent, look into engine.log "
                "in the session's folder.",
            )
        envelope = replies[0]
        if envelope["type"] == "error":
            raise SaturnError.from_json(envelope["body"]["error"])
        return envelope["body"]

    def wait_for(
        self,
        predicate: Callable[[SessionState], bool],
        timeout: float | None = None,
        on_state: StateListener | None = None,
    ) -> SessionState:
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
        """End the connection and its thread. Safe to call twice, and in a forked child."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._channel.close()
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

    # What follows is called in the channel's thread.

    def _on_state(self, state: SessionState) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()
        for listener in list(self._state_listeners):
            call(listener, state)

    def _on_up(self, up: bool) -> None:
        self._up = up
        self._tell_status()

    def _on_gone(self) -> None:
        with self._changed:
            self._gone = True
            self._changed.notify_all()
        self._tell_status()

    def _tell_status(self) -> None:
        for listener in list(self._status_listeners):
            call(listener)

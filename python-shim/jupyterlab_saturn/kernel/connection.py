"""A kernel's line to the engine: requests and their replies, and the newest state."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any, overload

from .. import wire
from ..errors import SaturnError
from ..patience import patience
from .socket_thread import Events, Request, SocketThread, call

if TYPE_CHECKING:
    from ..generated.wire_types import (
        ClientHello,
        ClientMessage,
        EngineMessage,
        Exported,
        ExportedRequest,
        Ok,
        OkRequest,
        Rendered,
        RenderedRequest,
        SessionState,
        StateChange,
        StateReply,
        StateRequest,
        TasksAdded,
        TasksAddedRequest,
    )

StateListener = Callable[["SessionState", "StateChange | None"], None]
"""Hears the newest state, and what made it of the one before; None where it is told as a whole."""
StatusListener = Callable[[], None]

_TICK_SECONDS = 0.5
#: What has come, but was not read in time, is read within this time or the kernel is held up.
_READ_SECONDS = 5.0


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
        self.endpoint = endpoint
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._state: SessionState | None = None
        self._up = False
        self._ending: SaturnError | None = None
        self._closed = False
        self._state_listeners: list[StateListener] = []
        self._status_listeners: list[StatusListener] = []
        events = Events(self._on_state, self._on_up, self._on_gone)
        self._channel = SocketThread(endpoint, alive, hello, events)
        atexit.register(self.close)

    @property
    def state(self) -> SessionState | None:
        """The newest state the engine told; None before the first.

        It is not to be changed: the next one shares with it what stays the same.
        """
        return self._state

    @property
    def attached(self) -> bool:
        """Whether the engine answers."""
        return self._up and not self.gone

    @property
    def gone(self) -> bool:
        """Whether nobody is there to talk to: the agent died, or the engine refuses this kernel."""
        return self._ending is not None or self._closed

    @property
    def ending(self) -> SaturnError | None:
        """Why nobody is there to talk to; None while somebody is, or when this end was closed."""
        return self._ending

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
    def request(self, message: ExportedRequest, timeout: float = ...) -> Exported: ...
    @overload
    def request(self, message: TasksAddedRequest, timeout: float = ...) -> TasksAdded: ...
    def request(self, message: ClientMessage, timeout: float = 20.0) -> Any:
        """Send a message and wait for the body of its reply.

        Parameters
        ----------
        timeout
            Longest wait in seconds; longer on a machine that has too much to do.

        Raises
        ------
        SaturnError
            What the engine answered; ``engine-silent`` after the timeout, or ``kernel-behind``
            when it is this kernel that has not read what was answered; ``agent-gone`` when
            nobody is left to answer, ``other-version`` when the engine is of another version.
        """
        replies: list[EngineMessage] = []

        def take(envelope: EngineMessage) -> None:
            with self._changed:
                replies.append(envelope)
                self._changed.notify_all()

        began = time.monotonic()
        request = self.post(message, take)
        try:
            if not self._wait(lambda: bool(replies), timeout):
                self._read_all(replies)
        finally:
            request.given_up = True
        if not replies:
            raise SaturnError(
                "engine-silent",
                f"The engine did not answer {message['type']!r} within "
                f"{time.monotonic() - began:.3g} seconds.",
                "Training goes on meanwhile. Try again; if it stays silent, look into engine.log "
                "in the session's folder.",
            )
        envelope = replies[0]
        if envelope["type"] == "error":
            raise SaturnError.from_json(envelope["body"]["error"])
        return envelope["body"]

    def sync(self, timeout: float = 20.0) -> SessionState:
        """The state as the engine has it now, by what changed. Raises as `request`."""
        rev = self.request(wire.message("client", "ping"), timeout)["rev"]
        return self.wait_for(lambda state: state["rev"] >= rev, timeout)

    def wait_for(
        self,
        predicate: Callable[[SessionState], bool],
        timeout: float | None = None,
        on_state: Callable[[SessionState], None] | None = None,
    ) -> SessionState:
        """Wait until the state fulfils a condition, and return that state.

        Parameters
        ----------
        timeout
            Longest wait in seconds, as of `request`; for ever when None.
        on_state
            Called in the caller's thread with each new state, and about twice a second.

        Raises
        ------
        SaturnError
            ``engine-silent`` after the timeout; ``agent-gone`` when nobody is left to go on.
        """
        began = time.monotonic()
        while True:
            state = self._state
            if state is not None:
                if on_state is not None:
                    on_state(state)
                if predicate(state):
                    return state
            self._refuse_when_gone()
            waited = time.monotonic() - began
            if timeout is not None and waited >= patience(timeout):
                raise SaturnError(
                    "engine-silent",
                    f"The session did not get there within {waited:.3g} seconds.",
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
        if self._ending is not None:
            raise self._ending.with_traceback(None)
        if self._closed:
            raise SaturnError("closed", "This session is closed.", "Open it again: %saturn session")

    def _wait(self, done: Callable[[], bool], timeout: float) -> bool:
        began = time.monotonic()
        with self._changed:
            while not done():
                self._refuse_when_gone()
                left = began + patience(timeout) - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _TICK_SECONDS))
        return True

    def _read_all(self, replies: Sized) -> None:
        """Wait until all that has come was read: a reply may be among it.

        Raises SaturnError ``kernel-behind`` when that takes too long.
        """
        late = time.monotonic()
        self._channel.wake()
        if not self._wait(lambda: bool(replies) or self._channel.read_at >= late, _READ_SECONDS):
            raise SaturnError(
                "kernel-behind",
                "This kernel does not come to read what the session tells it: something else "
                "holds its threads up. The engine may well have answered.",
                "Training goes on meanwhile. Wait for what keeps the kernel busy, or interrupt it, "
                "and try again.",
            )

    # What follows is called in the channel's thread.

    def _on_state(self, state: SessionState, change: StateChange | None) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()
        for listener in list(self._state_listeners):
            call(listener, state, change)

    def _on_up(self, up: bool) -> None:
        self._up = up
        self._tell_status()

    def _on_gone(self, error: SaturnError) -> None:
        with self._changed:
            self._ending = error
            self._changed.notify_all()
        self._tell_status()

    def _tell_status(self) -> None:
        for listener in list(self._status_listeners):
            call(listener)

"""The exporter's line to the engine: the newest state of the session."""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING

from .. import __version__, wire
from ..errors import SaturnError
from ..kernel.socket_thread import Events, Request, SocketThread

if TYPE_CHECKING:
    from ..generated.wire_types import ClientHello, EngineMessage, SessionState, StateChange

_PAGE_SECONDS = 20.0


class SessionLine:
    """Follows a session without keeping it: that this client is there is no reason to stay.

    Parameters
    ----------
    endpoint
        Address of the engine's socket.
    """

    def __init__(self, endpoint: str) -> None:
        self._state: SessionState | None = None
        self._refusal: SaturnError | None = None
        self._news = threading.Event()
        self._endpoint = endpoint
        self._thread = self._connect()

    @property
    def state(self) -> SessionState | None:
        """The newest; None before there was one.

        Raises
        ------
        SaturnError
            Why the engine will never tell it: it is of another version.
        """
        if self._refusal is not None:
            raise self._refusal
        return self._state

    def wait(self, seconds: float) -> None:
        """Wait for something new, so long at most."""
        self._news.wait(seconds)
        self._news.clear()

    def lead_to(self, endpoint: str) -> None:
        """The engine listens elsewhere."""
        if endpoint != self._endpoint:
            self._thread.close()
            self._endpoint = endpoint
            self._thread = self._connect()

    def page(self) -> str:
        """A page of HTML of the session as it is.

        Raises
        ------
        TimeoutError
            The engine does not answer.
        SaturnError
            What it has against it.
        """
        answers: queue.SimpleQueue[EngineMessage] = queue.SimpleQueue()
        message = wire.message("client", "export", {"format": "html"})
        request = Request(message, answers.put, wire.encode("client", message))
        self._thread.put(request)
        try:
            answer = answers.get(timeout=_PAGE_SECONDS)
        except queue.Empty:
            request.given_up = True
            raise TimeoutError("The engine does not answer.") from None
        if answer["type"] == "exported":
            return answer["body"]["text"]
        if answer["type"] == "error":
            raise SaturnError.from_json(answer["body"]["error"])
        raise TypeError(answer["type"])

    def wake(self) -> None:
        """Make `wait` return."""
        self._news.set()

    def close(self) -> None:
        """End the line and its thread."""
        self._thread.close()

    def _connect(self) -> SocketThread:
        events = Events(on_state=self._on_state, on_up=lambda _: None, on_gone=self._on_gone)
        hello: ClientHello = {"pid": os.getpid(), "version": __version__, "follows": True}
        # The agent restarts the engine; when it is gone itself, this process ends with it.
        return SocketThread(self._endpoint, lambda: True, hello, events)

    def _on_state(self, state: SessionState, _: StateChange | None) -> None:
        self._state = state
        self._news.set()

    def _on_gone(self, error: SaturnError) -> None:
        self._refusal = error
        self._news.set()

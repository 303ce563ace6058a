"""How a kernel comes to a session's engine, and comes back to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..errors import SaturnError, failure_of
from ..paths import SessionPaths
from .connection import Connection, StateListener, StatusListener
from .socket_thread import call

if TYPE_CHECKING:
    from ..generated.wire_types import Failure, SessionState, StateChange


class Launcher(Protocol):
    """Starts the agent of a session, which starts the engine."""

    def ensure(self, paths: SessionPaths) -> str:
        """The engine's endpoint, of a living agent or of one started now."""

    def alive(self, paths: SessionPaths) -> bool:
        """Whether an agent lives."""


class AgentLauncher:
    """The real launcher: a detached process beside the notebook."""

    def ensure(self, paths: SessionPaths) -> str:
        from ..agent.agent_launch import ensure_agent
        from ..agent.launch_record import note_launch

        endpoint = ensure_agent(paths)
        note_launch(paths)
        return endpoint

    def alive(self, paths: SessionPaths) -> bool:
        from ..agent.agent_launch import agent_alive

        return agent_alive(paths)


@dataclass(frozen=True)
class _Listener:
    on_state: StateListener
    on_status: StatusListener


class Attachment:
    """The connection to a session's engine, made when needed and made again when it is lost."""

    def __init__(self, paths: SessionPaths, version: str, launcher: Launcher | None = None) -> None:
        self.paths = paths
        self._version = version
        self._launcher = launcher or AgentLauncher()
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._listeners: list[_Listener] = []
        self._error: Failure | None = None

    @property
    def attached(self) -> bool:
        """Whether the engine answers."""
        return self._connection is not None and self._connection.attached

    @property
    def connection(self) -> Connection | None:
        """The connection as it is; None before the first."""
        return self._connection

    @property
    def error(self) -> Failure | None:
        """Why the last attempt to attach failed, as a wire ``Failure``."""
        return self._error

    @property
    def state(self) -> SessionState | None:
        """The newest state known, without asking for it."""
        return None if self._connection is None else self._connection.state

    def attach(self) -> Connection:
        """The connection to the engine, which is started when it does not run.

        Raises
        ------
        SaturnError
            Saying why the session cannot be started; ``session-moved`` when it was renamed with
            the notebook's folder.
        """
        with self._lock:
            connection = self._connection
            if connection is not None and self._leads_to_engine(connection):
                return connection
            try:
                if connection is not None:
                    self._require_unmoved()
                self.paths.ensure()
                endpoint = self._launcher.ensure(self.paths)
            except BaseException as error:
                self._error = failure_of(error)
                raise
            if connection is not None:
                connection.close()
            self._error = None
            self._connection = Connection(
                endpoint,
                lambda: self._launcher.alive(self.paths),
                {"pid": os.getpid(), "version": self._version},
            )
            self._connection.listen(self._on_state, self._on_status)
            return self._connection

    def _leads_to_engine(self, connection: Connection) -> bool:
        """Whether the engine is still where a connection leads to, or will be again."""
        # Asked anew: a connection takes a moment to notice.
        if connection.gone or not self._launcher.alive(self.paths):
            return False
        return connection.attached or self._launcher.ensure(self.paths) == connection.endpoint

    def _require_unmoved(self) -> None:
        here = SessionPaths(self.paths.name)  # the working folder, by its name of today
        if not self.paths.exists and here.exists and here.folder != self.paths.folder:
            raise SaturnError(
                "session-moved",
                f"The session is now in {here.folder}: the folder it was in has been renamed.",
                f"Go on there with %saturn session {self.paths.name}.",
            )

    def attach_later(self, done: Callable[[Failure | None], None]) -> None:
        """Attach in a thread; `done` gets None, or the failure, in that thread."""

        def run() -> None:
            try:
                connection = self.attach()
                connection.wait_for(lambda _: True, timeout=30)
            except Exception as error:
                done(failure_of(error))
            else:
                done(None)

        self._thread = threading.Thread(target=run, name="saturn-attach", daemon=True)
        self._thread.start()

    def resume(self) -> None:
        """Attach, in a thread, to a session that runs; leave one that does not as it is."""
        if self.paths.exists and self._launcher.alive(self.paths):
            self.attach_later(lambda _: self._on_status())

    def listen(self, on_state: StateListener, on_status: StatusListener) -> Callable[[], None]:
        """Hear every state and every change of `attached`, across connections.

        Listeners are called in other threads. Returns what ends it.
        """
        listener = _Listener(on_state, on_status)
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def close(self) -> None:
        """End the connection; the session goes on."""
        self._listeners.clear()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=1)
        if self._connection is not None:
            self._connection.close()

    def _on_state(self, state: SessionState, change: StateChange | None) -> None:
        for listener in list(self._listeners):
            call(listener.on_state, state, change)

    def _on_status(self) -> None:
        if self._connection is not None and self._connection.ending is not None:
            self._error = self._connection.ending.to_json()
        for listener in list(self._listeners):
            call(listener.on_status)

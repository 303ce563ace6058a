"""The sockets of a session, made anew when somebody removes them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from ..paths import engine_endpoint, events_socket
from .engine_link import EngineLink
from .engine_process import EngineProcess
from .event_receiver import EventReceiver
from .far_engine import FarEngine
from .runtime_folder import RuntimeFolder

_log = logging.getLogger(__name__)


class SocketWatch:
    """Looks whether the agent's and the engine's sockets can still be found.

    Who is connected stays so when a socket's file is removed. Who comes later finds nobody, and a
    second session takes the first for ended. At a logout, and now and then, folders like that of
    the sockets are cleaned.

    Parameters
    ----------
    removed
        Told when the folder was removed, with what jobs had in it, and has been made anew.
    """

    def __init__(
        self,
        runtime: RuntimeFolder,
        events: EventReceiver,
        link: EngineLink,
        engine: EngineProcess | FarEngine,
        *,
        removed: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._events = events
        self._link = link
        self._engine = engine
        self._removed = removed

    def look(self) -> None:
        """Make anew what is missing, perhaps elsewhere.

        Raises
        ------
        SaturnError
            ``not-writable``, ``unsafe-folder``: there is no place for it.
        OSError
            The system refuses a socket.
        """
        is_new = not self._runtime.kept()
        if is_new:
            if not self._runtime.acquire():
                return  # the agent of another session at this path has it
            _log.warning("The folder of sockets was removed; it is now %s.", self._runtime.path)
            self._removed()
        endpoint = engine_endpoint(self._runtime.path)
        # An engine that is still starting may have its socket in the folder that is gone.
        if is_new or (self._link.is_up and not Path(endpoint.removeprefix("ipc://")).exists()):
            self._engine.listen_at(endpoint)
            self._link.lead_to(endpoint)
        events = events_socket(self._runtime.path)
        if events != self._events.path or not events.exists():
            self._events.bind(events)

"""That an agent can be found: the file that says where it is, and the sockets that it names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..paths import SessionPaths
from ..wire import message
from . import agent_lock
from .runtime_folder import RuntimeFolder

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage, Node

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


class AgentPresence:
    """Tells where the agent is, and has made anew what others have removed.

    Parameters
    ----------
    runtime
        The folder of its sockets.
    node
        What it is the agent of, now.
    say
        Tells the engine.
    unwritable
        Told when nobody could be told where it is: nobody would ever find it.
    """

    def __init__(
        self,
        paths: SessionPaths,
        runtime: RuntimeFolder,
        *,
        node: Callable[[], Node],
        say: Callable[[AgentMessage], None],
        unwritable: Callable[[SaturnError], None],
    ) -> None:
        self._paths = paths
        self._runtime = runtime
        self._node = node
        self._say = say
        self._unwritable = unwritable
        self._told_of: Path | None = None

    def tell(self) -> None:
        """Write down that it is there and its engine answers, unless that is known."""
        if self._told_of == self._runtime.path:
            return
        try:
            agent_lock.write_ready(self._paths, self._runtime.path)
        except SaturnError as error:
            _log.warning("%s", error)
            if self._told_of is None:
                self._unwritable(error)
        else:
            self._told_of = self._runtime.path

    async def keep(self, restore: Callable[[], None], answers: Callable[[], bool]) -> None:
        """Look after what lies where others may remove it, until cancelled.

        Parameters
        ----------
        restore
            Makes anew what is missing; may raise SaturnError or OSError.
        answers
            Whether the engine does.
        """
        is_told = False
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            why = "The agent of another session has it."
            try:
                restore()
            except (SaturnError, OSError) as error:
                _log.warning("What was removed of the session cannot be made anew: %s", error)
                why = str(error)
            is_lost = not self._runtime.kept()
            if is_lost and not is_told:
                self._tell_unreachable(why)
            is_told = is_lost
            if answers():
                self.tell()

    def _tell_unreachable(self, why: str) -> None:
        told = message(
            "agent",
            "node.trouble",
            {
                "node": self._node(),
                "error": {
                    "code": "no-runtime-folder",
                    "message": f"The folder of sockets {self._runtime.path} was removed and "
                    f"cannot be made anew, so that nothing more is begun: {why}",
                    "hint": "Make room for it. What trains goes on, and what waits begins as soon "
                    "as the folder is there, by itself.",
                },
            },
        )
        self._say(told)

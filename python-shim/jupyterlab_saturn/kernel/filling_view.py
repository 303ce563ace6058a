"""The tasks that a cell has made: shown at once, and drawn anew while they are built."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..wire import message
from .connection import Connection
from .display import View

if TYPE_CHECKING:
    from ..generated.wire_types import EngineMessage, SessionState

_REDRAW_SECONDS = 2.0


class FillingView(View):
    """Tasks as they are at first; where outputs can be drawn anew, as they become.

    Parameters
    ----------
    view
        How they are at first.
    connection, tasks
        Whose state tells of the tasks of these names.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        view: View,
        connection: Connection,
        tasks: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(view.text, view.html)
        self._connection = connection
        self._tasks = tasks
        self._clock = clock
        self._drawn = clock()
        self._asked = self._over = False
        self._handle: Any = None
        self._end: Callable[[], None] = _nothing

    def _ipython_display_(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()
        self._handle.display(self._repr_mimebundle_(), raw=True)
        ipython = sys.modules["IPython"].get_ipython()
        if getattr(ipython, "kernel", None) is not None:
            self._end = self._connection.listen(self._look, _nothing)
            state = self._connection.state
            if state is not None:
                self._look(state)

    # What follows is called in the connection's thread as well.

    def _look(self, state: SessionState, _: object = None) -> None:
        names = set(self._tasks)
        left = any(
            task["status"] == "inspecting"
            for task in state["tasks"]
            if task["spec"]["name"] in names
        )
        soon = left and self._clock() - self._drawn < _REDRAW_SECONDS
        if self._asked or self._over or soon:
            return
        self._asked, self._over = True, not left
        if self._over:
            self._end()
        try:
            self._connection.post(
                message("client", "render", {"view": "tasks", "tasks": list(self._tasks)}),
                self._draw,
            )
        except SaturnError:  # nobody is there any more who would build them
            self._end()

    def _draw(self, answer: EngineMessage) -> None:
        self._asked = False
        self._drawn = self._clock()
        if answer["type"] == "rendered":
            body = answer["body"]
            self._handle.update({"text/plain": body["text"], "text/html": body["html"]}, raw=True)
        state = self._connection.state
        if state is not None:
            self._look(state)


def _nothing() -> None:
    return

"""The tasks that a cell has made: shown at once, and drawn anew while they are built."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from .attachment import Attachment
from .display import View
from .redrawn_view import RedrawnView

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState

_REDRAW_SECONDS = 2.0


class FillingView(RedrawnView):
    """Tasks as they are at first; where outputs can be drawn anew, as they become.

    Parameters
    ----------
    view
        How they are at first.
    attachment, tasks
        Whose state tells of the tasks of these names.
    since
        The revision with which they came in.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        view: View,
        attachment: Attachment,
        tasks: Collection[str],
        since: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(view, attachment, {"view": "tasks", "tasks": list(tasks)}, since)
        self._tasks = frozenset(tasks)
        self._clock = clock
        self._drawn = clock()

    def _is_over(self, state: SessionState) -> bool:
        return not any(
            task["status"] == "inspecting"
            for task in state["tasks"]
            if task["spec"]["name"] in self._tasks
        )

    def _is_due(self, state: SessionState) -> bool:
        return self._clock() - self._drawn >= _REDRAW_SECONDS

    def _take(self, text: str, html: str) -> None:
        super()._take(text, html)
        self._drawn = self._clock()

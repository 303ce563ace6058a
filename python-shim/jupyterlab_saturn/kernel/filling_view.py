"""The tasks that a cell has made: shown at once, and drawn anew while they are built."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from ..errors import Json
from .attachment import Attachment
from .display import SESSION, View
from .redrawn_view import RedrawnView

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState

_REDRAW_SECONDS = 2.0

#: A page is told so many characters a second at most: of hundreds of tasks a picture is long.
_CHARACTERS_PER_SECOND = 10_000


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
        self._names = list(tasks)
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
        length = (len(self.text) + len(self.html)) / _CHARACTERS_PER_SECOND
        return self._clock() - self._drawn >= max(_REDRAW_SECONDS, length)

    def _take(self, text: str, html: str) -> None:
        super()._take(text, html)
        self._drawn = self._clock()

    def _repr_mimebundle_(self, **options: Any) -> Json:
        bundle = super()._repr_mimebundle_(**options)
        state = self._attachment.state
        if state is not None:
            # A page that was loaded anew takes in nothing drawn from here: it keeps the end itself.
            bundle[SESSION] = {
                "session": state["session"],
                "view": "tasks",
                "tasks": self._names,
                "over": self._over,
                **({} if self._above is None else {"above": _texts(self._above)}),
            }
        return bundle


def _texts(view: View) -> Json:
    return {"text": view.text, "html": view.html}

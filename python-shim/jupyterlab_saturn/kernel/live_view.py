"""What a cell shows of a run: live where it can be, and saved as it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import Json
from .attachment import Attachment
from .display import SESSION, View
from .redrawn_view import RedrawnView
from .waiting import is_under_way

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, ViewName


class LiveView(RedrawnView):
    """A picture of the session that a notebook keeps: drawn anew when a phase begins or ends.

    Between those, front ends that can draw it live do so, and the picture says of when it is.

    Parameters
    ----------
    view, attachment
        As of `RedrawnView`.
    name
        Which picture it is.
    state
        What it was drawn of.
    """

    def __init__(
        self, view: View, attachment: Attachment, name: ViewName, state: SessionState
    ) -> None:
        super().__init__(view, attachment, {"view": name}, state["rev"])
        self._name = name
        self._phase = self._next_phase = _phase(state)
        self._over = not is_under_way(state)

    def _is_over(self, state: SessionState) -> bool:
        return not is_under_way(state)

    def _is_due(self, state: SessionState) -> bool:
        self._next_phase = _phase(state)
        return self._next_phase != self._phase

    def _take(self, text: str, html: str) -> None:
        self._phase = self._next_phase
        super()._take(text, html)

    def _repr_mimebundle_(self, **options: Any) -> Json:
        bundle = super()._repr_mimebundle_(**options)
        # A front end that sees the end, without this kernel, draws and keeps the same.
        bundle[SESSION] = {"session": self.session, "view": self._name, "over": self._over}
        return bundle


def _phase(state: SessionState) -> object:
    return state["goal"], "run" in state and "endedAt" in state["run"]

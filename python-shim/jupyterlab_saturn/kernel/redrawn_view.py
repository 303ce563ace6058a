"""A display that is drawn anew as the session goes on, so that what is saved of it is true."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from ..errors import SaturnError
from ..plain_text import printable_lines
from ..wire import message
from .attachment import Attachment
from .display import View, joined

if TYPE_CHECKING:
    from ..generated.wire_types import EngineMessage, Render, SessionState
    from .connection import Connection


class RedrawnView(View):
    """A picture as it is at first; where outputs can be drawn anew, as it becomes.

    Parameters
    ----------
    view
        How it is at first.
    attachment, request
        What the engine is asked for, and by whom.
    since
        States of earlier revisions tell nothing of it.
    """

    def __init__(self, view: View, attachment: Attachment, request: Render, since: int) -> None:
        super().__init__(view.text, view.html, view.session, view.widget)
        self._attachment = attachment
        self._request = request
        self._since = since
        self._asked: Connection | None = None
        self._over = False
        self._handle: Any = None
        self._end: Callable[[], None] = _nothing
        self._above: View | None = None

    def below(self, view: View, *more: View) -> Self:
        """Stays below others, however often it is drawn."""
        self._above = joined(view, *more)
        self._take(self.text, self.html)
        return self

    def _is_over(self, state: SessionState) -> bool:
        """Whether what is drawn of a state is the last."""
        raise NotImplementedError

    def _is_due(self, state: SessionState) -> bool:
        """Whether a state that is not the last is drawn."""
        raise NotImplementedError

    def _take(self, text: str, html: str) -> None:
        self.text, self.html = printable_lines(text), html
        if self._above is not None:
            self.text = f"{self._above.text}\n\n{self.text}"
            self.html = self._above.html + self.html

    def _ipython_display_(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()
        self._handle.display(self._repr_mimebundle_(), raw=True)
        ipython = sys.modules["IPython"].get_ipython()
        if self._over or getattr(ipython, "kernel", None) is None:
            return
        self._end()
        self._end = self._attachment.listen(self._look, _nothing)
        state = self._attachment.state
        if state is not None:
            self._look(state)

    # What follows is called in the connection's thread as well.

    def _look(self, state: SessionState, _: object = None) -> None:
        if self._over or state["rev"] < self._since:
            return
        over = self._is_over(state)
        connection = self._attachment.connection
        # One that has ended answers no more: another is asked anew.
        if connection is None or connection is self._asked or not (over or self._is_due(state)):
            return
        self._asked = connection

        def draw(answer: EngineMessage) -> None:
            if self._asked is connection:
                self._asked = None
            if answer["type"] == "rendered":
                self._over = over
                self._take(answer["body"]["text"], answer["body"]["html"])
                self._handle.update(self._repr_mimebundle_(), raw=True)
            if self._over:
                self._end()
                return
            latest = self._attachment.state
            if latest is not None and latest is not state:
                self._look(latest)

        try:
            connection.post(message("client", "render", self._request), draw)
        except SaturnError:  # nobody is there who would draw; the next state tells of another
            self._asked = None


def _nothing() -> None:
    return

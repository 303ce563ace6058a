"""What cells show: text for terminals, HTML for notebooks, a live widget where one can live."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import Json
from ..plain_text import printable_lines

if TYPE_CHECKING:
    from .result_rows import ResultRow

#: Names the session; the extension draws it live, or shows the HTML beside it without a kernel.
SESSION = "application/vnd.jupyterlab-saturn.session+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"


class View:
    """A picture of the session at one moment.

    Parameters
    ----------
    text
        For terminals and logs.
    html
        Self-contained, without script.
    session
        Name of the session, when the same may be shown live by the extension.
    widget
        Model id of a widget that shows the same live, for front ends without that extension.
    """

    def __init__(
        self, text: str, html: str, session: str | None = None, widget: str | None = None
    ) -> None:
        self.text = printable_lines(text)
        self.html = html
        self.session = session
        self.widget = widget

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> Json:
        bundle: Json = {"text/plain": self.text, "text/html": self.html}
        if self.session is not None:
            bundle[SESSION] = {"session": self.session}
        if self.widget is not None:
            bundle[_WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": self.widget}
        return bundle


class Results(list["ResultRow"]):
    """The leaderboard: one row a task, as plain dictionaries, shown as a table."""

    def __init__(self, rows: list[ResultRow], view: View) -> None:
        super().__init__(rows)
        self._view = view

    def __repr__(self) -> str:
        return self._view.text

    def _repr_mimebundle_(self, **options: Any) -> Json:
        return self._view._repr_mimebundle_(**options)


def note(text: str) -> View:
    """A sentence to the user."""
    return View(text, f"<p>{escaped(text)}</p>")


def escaped(text: str) -> str:
    """Text for HTML, in an element or a quoted attribute."""
    return html.escape(printable_lines(text))


def joined(view: View, *more: View) -> View:
    """Views one below the other; live where the first is."""
    if not more:
        return view
    parts = (view, *more)
    return View(
        "\n\n".join(part.text for part in parts),
        "".join(part.html for part in parts),
        view.session,
        view.widget,
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], ending: str) -> str:
    """Rows of texts as HTML, with a sentence below."""
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align: left; white-space: pre-wrap">{escaped(cell)}</td>'
            for cell in row
        )
        + "</tr>"
        for row in rows
    )
    heads = "".join(f"<th>{escaped(name)}</th>" for name in head)
    return f"<table><tr>{heads}</tr>{body}</table><p>{escaped(ending)}</p>"


def show(view: View | Results) -> None:
    """Display in the running cell, or print where there is none."""
    from IPython.display import display

    display(view)

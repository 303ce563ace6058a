"""What tasks, devices and packages say stays text in all that cells show."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.doctor.finding import Finding, line
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.check_report import CheckReport
from jupyterlab_saturn.kernel.display import View, joined, note
from jupyterlab_saturn.kernel.doctor_report import DoctorReport
from jupyterlab_saturn.kernel.progress import Progress
from jupyterlab_saturn.kernel.task_log import task_log
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.plain_text import printable

HOSTILE = (
    '</p></td><script>alert(1)</script><img src=x onerror="alert(2)">\' & '
    "\x1b[2J\x1b]52;c;YQ==\x07\x9b31m\x00\u202e\u2066\u200f\u061c\u2028\ufeff\ud800"
)
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200f\u2028\u202e\u2066\ufeff\ud800]")


class Elements(HTMLParser):
    """Names of the elements, and of their attributes, that HTML comes to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}


def hostile_note(_: Path) -> View:
    return note(HOSTILE)


def hostile_log(folder: Path) -> View:
    paths = SessionPaths("log", folder).ensure()
    paths.inspection_log("task").write_text(HOSTILE, encoding="utf-8", errors="surrogatepass")
    state: Any = {"tasks": [{"spec": {"name": "task"}, "attempts": []}]}
    return task_log(paths, state, "task", 9)


def hostile_check(_: Path) -> View:
    check = {"name": HOSTILE, "passed": False, "detail": HOSTILE}
    report: Any = {"technique": HOSTILE, "passed": False, "checks": [check]}
    return CheckReport(report)


def hostile_examination(_: Path) -> View:
    return DoctorReport([Finding(HOSTILE, "broken", HOSTILE, HOSTILE)], HOSTILE)


@pytest.mark.parametrize("make", [hostile_note, hostile_log, hostile_check, hostile_examination])
def test_a_view_shows_what_others_say_as_text(make: Callable[[Path], View], tmp_path: Path) -> None:
    view = joined(make(tmp_path), make(tmp_path))
    shown = view._repr_mimebundle_()
    for text in (shown["text/plain"], shown["text/html"]):
        assert HIDDEN.search(text) is None
    assert "<script>alert(1)</script>" in shown["text/plain"]
    assert "&lt;script&gt;" in shown["text/html"]
    assert Elements(shown["text/html"]).found <= {"p", "table", "tr", "td", "th", "style"}


def test_an_error_shows_what_others_say_as_text() -> None:
    failure: Any = {"code": "hostile", "message": HOSTILE, "hint": HOSTILE, "traceback": HOSTILE}
    error = SaturnError.from_json(failure)
    rendered = "\n".join(error._render_traceback_())
    ours = re.compile(r"\x1b\[(31|2|0)m")
    for text in (str(error), ours.sub("", rendered)):
        assert HIDDEN.search(text) is None
    assert rendered.count("\x1b") == 4
    assert error.to_json() == failure  # who asks for it as data gets it as it was


def test_a_finding_in_a_terminal_is_text() -> None:
    assert HIDDEN.search(line(Finding(HOSTILE, "warning", HOSTILE, HOSTILE))) is None


def test_the_line_of_progress_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    written = Terminal()
    monkeypatch.setattr(sys, "stderr", written)
    times = iter([0.0, 10.0])
    state: Any = {"progress": HOSTILE}
    Progress(None, lambda: next(times)).update(state)
    shown = written.getvalue().removeprefix("\r\x1b[K")
    assert "<script>" in shown
    assert HIDDEN.search(shown) is None


def test_colours_are_left_out_and_words_are_not() -> None:
    assert printable("\x1b[31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n") == "red link "
    assert printable("naïve 中文 👩‍👩‍👧 ‏") == "naïve 中文 👩‍👩‍👧  "

"""What a notebook keeps of a run: drawn anew when a phase ends, and never said to go on after."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fakes.engine import FakeEngine
from fakes.shell import Shell
from jupyterlab_saturn.kernel.display import View
from jupyterlab_saturn.kernel.live_view import LiveView
from waiting import until

SESSION = "application/vnd.jupyterlab-saturn.session+json"
CELL = "%%saturn task --sweep lr=0.1,0.2\ndef make(lr):\n    ...\n"


@pytest.fixture
def notebook(shell: Shell, engine: FakeEngine) -> Shell:
    """A shell in a kernel, with tasks that are built."""
    assert shell.cell(CELL) is None
    shell.kernel = object()
    return shell


def updates(shell: Shell) -> list[dict[str, Any]]:
    return [output for output in shell.display_pub.outputs if output.get("update")]


def kept(output: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = output["data"]
    return data[SESSION]


def test_the_output_of_a_run_is_drawn_anew_as_phases_begin_and_end(
    notebook: Shell, engine: FakeEngine
) -> None:
    assert notebook.cell("%saturn run") is None
    [shown] = notebook.display_pub.outputs
    assert kept(shown) == {"session": "default", "view": "run", "over": False}
    asked = engine.types().count("render")
    engine.change(trialsDone=1)
    time.sleep(0.2)
    assert engine.types().count("render") == asked  # in a phase it is left as it is
    engine.change(goal="none")
    until(lambda: any(kept(each)["over"] for each in updates(notebook)))
    last = updates(notebook)[-1]
    assert last["transient"] == shown["transient"]
    assert last["data"]["text/html"] == "<b>the run</b>"
    asked = engine.types().count("render")
    engine.change(goal="run")
    engine.change(goal="none")
    time.sleep(0.2)
    assert engine.types().count("render") == asked  # what is over is another run's no more


def test_what_is_over_when_it_is_shown_stays(notebook: Shell, engine: FakeEngine) -> None:
    assert notebook.cell("%saturn show") is None
    [shown] = notebook.display_pub.outputs
    assert kept(shown) == {"session": "default", "view": "schedule", "over": True}
    engine.change(goal="run")
    time.sleep(0.2)
    assert updates(notebook) == []


def test_what_a_retry_says_stays_above_what_is_drawn_anew(
    notebook: Shell, engine: FakeEngine
) -> None:
    error = {"code": "task-failed", "message": "boom"}
    first, second = engine.state["tasks"]
    engine.change(tasks=[{**first, "status": "failed", "error": error}, second])
    engine.change(goal="run")
    assert notebook.cell("%saturn retry") is None
    engine.change(goal="none")
    until(lambda: updates(notebook))
    text = updates(notebook)[-1]["data"]["text/plain"]
    assert "boom" in text and text.endswith("\n\nthe run")


class Ending:
    """An attachment whose connections end before they answer."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.connection = Unanswered()

    def listen(self, on_state: Callable[..., None], _: object) -> Callable[[], None]:
        self.tell = on_state
        return lambda: None


class Unanswered:
    def __init__(self) -> None:
        self.posted = 0

    def post(self, _: Any, draw: Callable[..., None]) -> None:
        self.posted += 1


def test_what_a_connection_left_undrawn_the_next_one_draws(
    notebook: Shell, engine: FakeEngine
) -> None:
    state: Any = {**engine.state, "goal": "run"}
    attachment: Any = Ending(state)
    LiveView(View("", ""), attachment, "run", state)._ipython_display_()
    over: Any = {**state, "goal": "none"}
    attachment.tell(over)
    attachment.tell(dict(over))
    first = attachment.connection
    assert first.posted == 1
    attachment.connection = Unanswered()
    attachment.tell(dict(over))
    assert (first.posted, attachment.connection.posted) == (1, 1)

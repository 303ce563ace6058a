"""What a cell shows of its tasks: at once, and as they are built."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fakes.engine import INSPECTION, FakeEngine
from fakes.shell import Shell
from jupyterlab_saturn.kernel.display import SESSION, View
from jupyterlab_saturn.kernel.filling_view import FillingView
from jupyterlab_saturn.kernel.session import Session
from waiting import until

CELL = "%%saturn task --sweep lr=0.1,0.2\ndef make(lr):\n    ...\n"


@pytest.fixture
def notebook(shell: Shell, engine: FakeEngine) -> Shell:
    """A shell in a kernel, and tasks that are not built until the engine is told so."""
    shell.kernel = object()
    engine.inspect = lambda _: {"status": "inspecting"}
    return shell


def finish(engine: FakeEngine, **outcome: Any) -> None:
    engine.change(tasks=[{**task, **outcome} for task in engine.state["tasks"]])


def updates(shell: Shell) -> list[dict[str, Any]]:
    return [output for output in shell.display_pub.outputs if output.get("update")]


def test_a_cell_returns_while_its_tasks_are_built_and_fills_in(
    notebook: Shell, engine: FakeEngine
) -> None:
    assert notebook.cell(CELL) is None
    [shown] = notebook.display_pub.outputs
    assert shown["data"]["text/plain"] == "the tasks of make-0.1, make-0.2"
    finish(engine, status="ready", inspection=INSPECTION)
    until(lambda: updates(notebook))
    [drawn] = updates(notebook)
    assert drawn["transient"] == shown["transient"]
    assert drawn["data"]["text/html"] == "<b>the tasks of make-0.1, make-0.2</b>"
    asked = engine.types().count("render")
    engine.change(trialsDone=1)
    engine.change(trialsDone=2)
    time.sleep(0.2)
    assert engine.types().count("render") == asked  # what is built is not drawn again


class Late:
    """An attachment that still has a state from before what it is asked about."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state
        self.connection = self
        self.posted: list[Any] = []

    def listen(self, on_state: Callable[..., None], _: object) -> Callable[[], None]:
        self.tell = on_state
        return lambda: None

    def post(self, message: Any, _: object) -> None:
        self.posted.append(message)


def test_a_state_from_before_the_tasks_came_in_does_not_end_their_building(
    notebook: Shell,
) -> None:
    before: dict[str, Any] = {"rev": 7, "session": "digits", "tasks": []}
    late: Any = Late(before)
    FillingView(View("", ""), late, ["make-0.5"], since=8)._ipython_display_()
    assert late.posted == []
    late.tell({"rev": 8, "tasks": [{"spec": {"name": "make-0.5"}, "status": "ready"}]})
    assert len(late.posted) == 1


def test_a_long_picture_is_drawn_less_often_but_its_end_at_once(notebook: Shell) -> None:
    state: dict[str, Any] = {
        "rev": 1,
        "session": "digits",
        "tasks": [{"spec": {"name": "make-0.5"}, "status": "inspecting"}],
    }
    late: Any = Late(state)
    time_now = [0.0]
    long = View("x" * 20_000, "y" * 80_000)
    FillingView(long, late, ["make-0.5"], 0, clock=lambda: time_now[0])._ipython_display_()
    for seconds, drawn in [(2.0, 0), (9.0, 0), (10.0, 1)]:
        time_now[0] = seconds
        late.tell(state)
        assert len(late.posted) == drawn
    short: Any = Late(state)
    FillingView(View("", ""), short, ["make-0.5"], 0, clock=lambda: 0.0)._ipython_display_()
    assert short.posted == []
    short.tell({**state, "tasks": [{**state["tasks"][0], "status": "ready"}]})
    assert len(short.posted) == 1


def test_a_picture_says_of_which_tasks_it_is_and_whether_it_is_the_last(
    notebook: Shell, engine: FakeEngine
) -> None:
    assert notebook.cell(CELL) is None
    [shown] = notebook.display_pub.outputs
    said = {"session": engine.state["session"], "view": "tasks", "tasks": ["make-0.1", "make-0.2"]}
    assert shown["data"][SESSION] == {**said, "over": False}
    finish(engine, status="ready", inspection=INSPECTION)
    until(lambda: updates(notebook))
    assert updates(notebook)[-1]["data"][SESSION] == {**said, "over": True}


def test_what_is_built_already_is_drawn_as_it_is(shell: Shell, engine: FakeEngine) -> None:
    shell.kernel = object()
    assert shell.cell(CELL) is None
    until(lambda: updates(shell))
    assert len(shell.display_pub.outputs) == 2


def test_where_nothing_can_be_drawn_anew_nothing_is(shell: Shell, engine: FakeEngine) -> None:
    assert shell.cell(CELL) is None
    finish(engine, status="ready", inspection=INSPECTION)
    time.sleep(0.2)
    assert len(shell.display_pub.outputs) == 1


def test_a_cell_that_waits_fails_when_nothing_can_be_built(
    shell: Shell, engine: FakeEngine
) -> None:
    error = {"code": "factory-failed", "message": "make raised: no"}
    engine.inspect = lambda _: {"status": "invalid", "error": error}
    assert shell.cell(CELL) is None
    failed = shell.cell(CELL.replace("lr=0.1,0.2", "lr=0.3 --wait"))
    assert "make raised: no" in str(failed)


def test_a_script_may_wait(session: Session, engine: FakeEngine) -> None:
    def make(lr: float) -> None: ...

    session.add(make, {"lr": 0.1}, wait=True)
    assert [task["status"] for task in engine.state["tasks"]] == ["ready"]

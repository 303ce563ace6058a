"""What tasks logged, as a DataFrame and as `%saturn log` shows it."""

from __future__ import annotations

import json
import math
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.kernel import training_history
from jupyterlab_saturn.kernel.task_log import task_log
from jupyterlab_saturn.kernel.training_history import history_of, last_steps, logged_steps
from jupyterlab_saturn.paths import SessionPaths

STATE: Any = {
    "tasks": [{"spec": {"name": name}, "attempts": []} for name in ("a", "b", "fresh")],
}


def step(number: int, loss: float | None, **more: Any) -> Json:
    return {"step": number, "time": 100.0 + number, "loss": loss, "lr": 0.1, **more}


@pytest.fixture
def paths(tmp_path: Path) -> SessionPaths:
    paths = SessionPaths("history", tmp_path).ensure()
    segment = {"attempt": 1, "strategy": {"technique": "single", "devices": 1}}
    logs: dict[str, list[Json]] = {
        "a": [
            {"step": 0, "time": 100.0, "segment": segment},
            step(1, 3.0, metrics={"aux": 1.0}),
            step(2, 9.0),
            step(3, 9.0),
            step(4, 9.0),
            {"step": 1, "time": 105.0, "segment": segment},
            step(2, 2.0, metrics={"aux": None}),
            {"step": 2, "time": 106.0, "eval": {"accuracy": 0.5}},
            step(3, 1.0, grad_norm=4.0),
        ],
        "b": [step(1, None), {"step": 1, "time": 101.0, "eval": {"accuracy": 0.25}}],
    }
    for name, lines in logs.items():
        path = paths.step_log(name)
        path.parent.mkdir()
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with paths.step_log("a").open("a") as file:
        file.write('[1]\n{"step":"4"}\n{"step":4,"lo')
    return paths


def test_evaluations_of_steps_that_are_trained_again_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines: list[Json] = [
        {"step": 0, "time": 100.0, "segment": {}},
        *(step(number, 1.0) for number in range(1, 11)),
        {"step": 4, "time": 111.0, "eval": {"accuracy": 0.4}},
        {"step": 10, "time": 111.0, "eval": {"accuracy": 0.5}},
        {"step": 4, "time": 112.0, "segment": {}},
        step(5, 1.0),
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    evaluated = [row["step"] for row in logged_steps(path) if "eval/accuracy" in row]
    assert (evaluated, logged_steps(path)[-1]["step"]) == ([4], 5)


def test_a_step_that_was_trained_again_has_its_last_line(paths: SessionPaths) -> None:
    frame = history_of(paths, STATE, "a")
    assert frame.index.name == "step"
    assert list(frame.index) == [1, 2, 3]
    assert list(frame.columns) == ["loss", "lr", "grad_norm", "time", "aux", "eval/accuracy"]
    assert list(frame["loss"]) == [3.0, 2.0, 1.0]
    assert frame["aux"][1] == 1.0
    assert math.isnan(frame["aux"][2])
    assert frame["eval/accuracy"][2] == 0.5
    assert math.isnan(frame["grad_norm"][1])


@pytest.mark.parametrize("tasks", [["a", "b"], None])
def test_of_several_tasks_rows_have_their_names(
    paths: SessionPaths, tasks: list[str] | None
) -> None:
    frame = history_of(paths, STATE, tasks)
    assert frame.index.names == ["task", "step"]
    assert list(frame.loc["a"]["loss"]) == [3.0, 2.0, 1.0]
    assert frame.loc[("b", 1), "eval/accuracy"] == 0.25
    assert math.isnan(frame.loc[("b", 1), "loss"])


def test_without_pandas_there_are_rows(
    paths: SessionPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert history_of(paths, STATE, "b") == [
        {"task": "b", "step": 1, "loss": None, "lr": 0.1, "time": 101.0, "eval/accuracy": 0.25}
    ]


@pytest.mark.parametrize(
    ("tasks", "code"),
    [("c", "unknown-task"), (["a", "c"], "unknown-task"), ("fresh", "nothing-logged")],
)
def test_what_is_not_there_is_said(paths: SessionPaths, tasks: Any, code: str) -> None:
    with pytest.raises(SaturnError) as raised:
        history_of(paths, STATE, tasks)
    assert raised.value.code == code
    assert raised.value.hint


def test_the_log_of_a_task_begins_with_its_last_steps(paths: SessionPaths) -> None:
    paths.inspection_log("a").write_text("hello\n")
    view = task_log(paths, STATE, "a", 5, steps=2)
    head, *rows = view.text.split("\n")
    assert head.split() == ["step", "loss", "lr", "grad_norm", "aux", "eval/accuracy"]
    assert rows[0].split() == ["2", "2", "0.1", "0.5"]
    assert rows[1].split() == ["3", "1", "0.1", "4"]
    assert rows[2] == 'The last 2 logged steps. All of them: session().history("a")'
    assert view.text.endswith("hello")
    assert view.html.count("<tr>") == 3
    assert task_log(paths, STATE, "a", 5, steps=0).text.startswith("When it was built")


def grown(paths: SessionPaths, count: int) -> Path:
    """A log of so many steps, evaluated and trained again now and then."""
    path = paths.step_log("fresh")
    path.parent.mkdir()
    lines: list[Json] = []
    for number in range(1, count + 1):
        lines += [step(number, float(number)), step(number, number / 2, metrics={"aux": 1.0})]
        if number % 10 == 0:
            lines.append({"step": number, "time": 1.0, "eval": {"accuracy": number / count}})
        if number % 700 == 0:
            lines += [step(again, 0.0) for again in range(number - 5, number)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("count", [1, 10, 300, 3000])
@pytest.mark.parametrize("steps", [100, 4000])
def test_the_last_steps_are_those_of_the_whole_log(
    paths: SessionPaths, steps: int, count: int
) -> None:
    path = grown(paths, steps)
    assert last_steps(path, count) == logged_steps(path)[-count:]


def test_of_a_long_log_the_end_is_read(
    paths: SessionPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(paths, 4000)
    parsed = 0
    loads = json.loads

    def counted(text: str) -> Any:
        nonlocal parsed
        parsed += 1
        return loads(text)

    monkeypatch.setattr(json, "loads", counted)
    assert "The last 10 logged steps" in task_log(paths, STATE, "fresh", 5).text
    assert 10 < parsed < 1000
    before = parsed
    task_log(paths, STATE, "fresh", 5, steps=0)
    assert parsed == before


def test_of_several_tasks_no_more_than_one_is_kept_in_rows(
    paths: SessionPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rows(list[Any]):
        """A list that can be watched as it goes."""

    made: list[weakref.ref[Rows]] = []
    most = 0

    def watched(path: Path) -> Rows:
        nonlocal most
        rows = Rows(logged_steps(path))
        made.append(weakref.ref(rows))
        most = max(most, sum(each() is not None for each in made))
        return rows

    monkeypatch.setattr(training_history, "logged_steps", watched)
    assert set(history_of(paths, STATE, None).index.get_level_values("task")) == {"a", "b"}
    assert (len(made), most) == (3, 1)


def test_many_columns_are_left_to_the_history(paths: SessionPaths) -> None:
    many = {f"part{number}": 1.0 for number in range(20)}
    paths.step_log("fresh").parent.mkdir()
    paths.step_log("fresh").write_text(json.dumps(step(1, 1.0, metrics=many)) + "\n")
    view = task_log(paths, STATE, "fresh", 5)
    assert len(view.text.split("\n")[0].split()) == 10
    assert "without 13 further columns" in view.text
    assert len(logged_steps(paths.step_log("fresh"))[0]) == 24

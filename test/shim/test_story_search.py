"""Sweeps whose points the engine chooses: real agent, engine, planner and ranks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyterlab_saturn import Session, between
from jupyterlab_saturn.errors import SaturnError
from nightly import nightly
from test_story import home, lines, named, session, statuses
from test_story_wishes import EXCLUDE, Story, story  # noqa: F401
from waiting import SECONDS, until

__all__ = ["home", "session"]  # fixtures

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
SPACE = {"lr": between(1e-3, 1e-1, log=True), "steps": [6, 9]}


CELL = """
def line(lr):
    from test_story import lines
"""


def points(session: Session) -> dict[str, Any]:
    return {task["spec"]["name"]: task["spec"]["params"] for task in session.state["tasks"]}


def inspected(session: Session) -> list[str]:
    """Names of the tasks that were built to be inspected, each time."""
    with session.paths.journal.open(encoding="utf-8") as journal:
        events = [json.loads(line)["event"] for line in journal]
    return [
        result["task"]
        for event in events
        if event["kind"] == "inspected"
        for result in event.get("results", [event.get("result")])
    ]


def odd(lr: float) -> Any:
    """Another model where the rate is large."""
    from dataclasses import replace

    from torch import nn

    wide = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    task = lines(lr=lr, steps=6)
    return replace(task, model=wide) if lr > 0.04 else task


def test_a_search_goes_on_without_its_kernel_and_with_another_engine(session: Session) -> None:
    session.cluster(cpu=2)
    session.add(lines, SPACE, points=8, search="random", origin="cell", wait=True)
    before = points(session)
    assert len(before) == 8
    assert all(1e-3 <= each["lr"] <= 1e-1 and each["steps"] in (6, 9) for each in before.values())
    session.run(exclude=ALONE)
    session.close()
    until(lambda: session.paths.journal.read_text("utf-8").count('"finished"') >= 3)
    [engine] = named("engine.mjs", session)
    engine.kill()
    engine.wait(SECONDS)
    session.wait()
    assert set(statuses(session.state).values()) == {"finished"}
    # Two tell that the rate decides nothing of how a task is built, and one of other lengths.
    assert len(inspected(session)) == 3
    # The cell run again changes nothing; with more points, it goes on with those that follow.
    session.add(lines, SPACE, points=8, search="random", origin="cell")
    assert points(session) == before
    session.add(lines, SPACE, points=10, search="random", origin="cell", wait=True)
    assert len(points(session)) == 10
    assert {name: points(session)[name] for name in before} == before
    assert "lines: 10 points" in session.status().text


@nightly
def test_a_point_that_is_another_task_is_found_out_where_it_is_built(session: Session) -> None:
    session.cluster(cpu=1)
    space = {"lr": between(1e-3, 1e-1, log=True)}
    session.add(odd, space, points=4, search="random", seed=5, wait=True)
    first = inspected(session)
    [another] = [name for name, params in points(session).items() if params["lr"] > 0.04]
    assert len(first) == 2
    assert another not in first
    session.run(exclude=ALONE)
    session.wait()
    assert set(statuses(session.state).values()) == {"finished"}
    assert another in inspected(session)
    parameters = {
        task["spec"]["name"]: task["inspection"]["parameters"] for task in session.state["tasks"]
    }
    assert {name for name, count in parameters.items() if count > 50} == {another}


def test_a_notebook_searches_by_what_its_first_points_came_to(story: Story) -> None:  # noqa: F811
    session = story.session
    story.does("%saturn cluster --cpu 1")
    story.does(f"{CELL}\n    return lines(lr, steps=6)")
    line = "%saturn task --factory line --sweep lr=1e-3..0.5 --points"
    assert "Add --points 30" in story.refused(line.removesuffix(" --points"), "bad-sweep")
    assert "--by max:zing" in story.refused(f"{line} 5 --by zing", "bad-criterion")
    shown = story.does(f"{line} 5 --by mse --wait")
    assert "Points are tpe, by Optuna. By logarithm: lr." in shown
    story.does(f"%saturn run {EXCLUDE}")
    story.does("%saturn wait")
    assert list(statuses(session.state).values()) == ["finished"] * 5
    assert ": 5 points" in story.does("%saturn status")
    assert all(1e-3 <= params["lr"] <= 0.5 for params in points(session).values())
    text = session.paths.journal.read_text("utf-8")
    assert sum("points-suggested" in line for line in text.splitlines()) == 3


def test_what_makes_no_sense_is_refused_before_anything_is_made(session: Session) -> None:
    session.cluster(cpu=1)
    wrong: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
        ({"lr": between(0.001, 0.1)}, {}, "bad-sweep", "How many?"),
        ({"lr": between(0, 1, log=True)}, {"points": 3}, "bad-sweep", "logarithm"),
        ({"lr": between(1.0, 0.1)}, {"points": 3}, "bad-sweep", "down"),
        ({"lr": [0.1, 0.2]}, {"points": 3}, "bad-sweep", "2 points in all"),
        ({"lr": [0.1, 0.2]}, {"points": 1, "search": "tpe"}, "bad-criterion", "compare"),
        ({"lr": [0.1, 0.2]}, {"by": "zing"}, "bad-criterion", "zing"),
        ({"lr": [0.1, 0.2]}, {"stop": "hyperband"}, "bad-stop", "hyperband"),
    ]
    for space, options, code, said in wrong:
        with pytest.raises(SaturnError) as caught:
            session.add(lines, space, **options)
        assert (caught.value.code, said in caught.value.message) == (code, True)
        assert caught.value.hint
    assert session.state["tasks"] == []


def test_a_search_of_another_cell_is_not_replaced_unasked(session: Session) -> None:
    session.cluster(cpu=1)
    by = {"points": 50, "search": "tpe", "by": "loss"}
    session.add(lines, SPACE, origin="one", **by)
    first = points(session)
    assert 0 < len(first) < 50
    assert f"{len(first)} of 50 points" in session.status().text
    wider = {**SPACE, "lr": between(1e-4, 1e-1)}
    with pytest.raises(SaturnError) as caught:
        session.add(lines, wider, origin="two", **by)
    assert caught.value.code == "duplicate-sweep"
    session.add(lines, wider, origin="one", **by)
    assert first.items() < points(session).items()
    [sweep] = session.state["sweeps"]
    assert sweep["spec"]["space"]["lr"]["low"] == 1e-4
    session.remove([*points(session)], yes=True)
    assert not session.state.get("sweeps")

"""Sweeps whose points the engine chooses: real agent, engine, planner and ranks."""

from __future__ import annotations

from typing import Any

import pytest
from jupyterlab_saturn import Session, between
from jupyterlab_saturn.errors import SaturnError
from test_story import home, lines, named, session, statuses, until

__all__ = ["home", "session"]  # fixtures

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
SPACE = {"lr": between(1e-3, 1e-1, log=True), "steps": [6, 9]}


def points(session: Session) -> dict[str, Any]:
    return {task["spec"]["name"]: task["spec"]["params"] for task in session.state["tasks"]}


def test_a_search_goes_on_without_its_kernel_and_with_another_engine(session: Session) -> None:
    session.cluster(cpu=2)
    view = session.add(lines, SPACE, points=12, search="random", origin="cell", wait=True)
    assert "12 of 12 points, at random" in view.text
    assert "By logarithm: lr" in view.text
    before = points(session)
    assert len(before) == 12
    assert all(1e-3 <= each["lr"] <= 1e-1 and each["steps"] in (6, 9) for each in before.values())
    session.run(exclude=ALONE)
    session.close()
    until(lambda: session.paths.journal.read_text("utf-8").count('"finished"') >= 3)
    [engine] = named("engine.mjs", session)
    engine.kill()
    engine.wait(10)
    session.wait()
    assert set(statuses(session.state).values()) == {"finished"}
    # The cell run again changes nothing; with more points, it goes on with those that follow.
    session.add(lines, SPACE, points=12, search="random", origin="cell")
    assert points(session) == before
    session.add(lines, SPACE, points=14, search="random", origin="cell", wait=True)
    assert len(points(session)) == 14
    assert {name: points(session)[name] for name in before} == before
    assert "14 of 14 points" in session.status().text


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
    assert "chosen by what those before came to" in session.status().text
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

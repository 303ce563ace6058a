"""Sweeps that learn as they go on: by Optuna, and as a population. Real agent, engine and ranks."""

from __future__ import annotations

import json
from typing import Any

from jupyterlab_saturn import Session, between
from nightly import nightly
from test_story import home, lines, named, session, statuses
from waiting import until

__all__ = ["home", "session"]  # fixtures

Json = dict[str, Any]

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]


def told(session: Session, kind: str) -> list[Json]:
    """The events of a kind in the journal."""
    with session.paths.journal.open(encoding="utf-8") as journal:
        events = [json.loads(line)["event"] for line in journal]
    return [event for event in events if event["kind"] == kind]


@nightly
def test_points_learn_from_those_before_also_of_another_advisor(session: Session) -> None:
    session.cluster(cpu=1)
    space = {"lr": between(1e-4, 1.0, log=True), "steps": [6, 9]}
    session.add(lines, space, points=4, search="tpe", by="mse", wait=True)
    assert len(session.state["tasks"]) == 2
    session.run(exclude=ALONE)
    [advisor] = until(lambda: named("jupyterlab_saturn.advisor", session))
    advisor.kill()
    session.wait()
    tasks = session.state["tasks"]
    assert len(tasks) == 4
    assert set(statuses(session.state).values()) == {"finished"}
    points = [(task["spec"]["params"]["lr"], task["spec"]["params"]["steps"]) for task in tasks]
    assert len(set(points)) == 4
    assert all(1e-4 <= lr <= 1 and steps in (6, 9) for lr, steps in points)
    suggested = told(session, "points-suggested")
    assert not any("error" in event for event in suggested)
    assert sum(len(event["tasks"]) for event in suggested) == 2
    [other] = named("jupyterlab_saturn.advisor", session)
    assert other.pid != advisor.pid


@nightly
def test_the_worst_of_a_population_give_way_to_who_goes_on_from_the_best(session: Session) -> None:
    session.cluster(cpu=2)
    space = {"lr": between(1e-4, 1e-1, log=True), "batch_size": [16]}
    options: Any = {"points": 4, "steps": 12, "stop": "pbt:first=5", "by": "mse"}
    view = session.add(lines, space, **options, wait=True)
    assert "random" in view.text
    session.run(exclude=ALONE)
    session.wait()
    tasks = {task["spec"]["name"]: task for task in session.state["tasks"]}
    made = {name: task for name, task in tasks.items() if "warmStart" in task["spec"]}
    lost = {name: task for name, task in tasks.items() if task["status"] == "stopped"}
    assert len(tasks) == 6 and len(made) == len(lost) == 2
    assert sum(task["status"] == "finished" for task in tasks.values()) == 4
    assert sorted(task["givenUp"]["step"] for task in lost.values()) == [5, 10]
    for name, task in made.items():
        warm, parent = task["spec"]["warmStart"], tasks[task["spec"]["cloneOf"]]
        at = warm["step"]
        compared = [
            rung["value"]
            for each in tasks.values()
            for rung in each.get("rungs", [])
            if rung["step"] == at
        ]
        [best] = [rung["value"] for rung in parent["rungs"] if rung["step"] == at]
        assert len(compared) == 4 and best == min(compared)
        # It goes on in the very checkpoint that its parent had then, with values of its own.
        [kept] = warm["checkpoints"][-1:]
        manifest = json.loads((session.paths.weights(kept) / "manifest.json").read_text("utf-8"))
        assert (manifest["task"], manifest["step"]) == (parent["spec"]["name"], at)
        steps = _steps(session, name)
        assert min(steps) == at + 1
        if task["status"] == "finished":
            assert max(steps) == 12
        lr = task["spec"]["params"]["lr"]
        assert lr != parent["spec"]["params"]["lr"]
        assert {line["lr"] for line in steps.values()} == {lr}


def _steps(session: Session, name: str) -> dict[int, Json]:
    """What a task has logged, by step."""
    text = session.paths.step_log(name).read_text("utf-8")
    told = [json.loads(line) for line in text.splitlines()]
    return {line["step"]: line for line in told if not line.keys() & {"segment", "eval"}}

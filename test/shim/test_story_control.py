"""Control of what trains, through the Python API: real agent, engine, planner and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import Json, SaturnError
from stage import attempts_told
from test_story import home, lines, session, statuses
from waiting import until

__all__ = ["home", "session"]  # fixtures

FAST = {"pause": 0.0}
ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]


def task(session: Session, name: str) -> Json:
    return next(task for task in session.state["tasks"] if task["spec"]["name"] == name)


def in_training(session: Session) -> list[str]:
    return [
        each["spec"]["name"]
        for each in session.state["tasks"]
        if each["status"] == "running" and each["progress"]["step"] > 0
    ]


@pytest.fixture
def slow(session: Session) -> Iterator[list[str]]:
    """Two tasks of a minute on one device: the one that trains, and the one that waits."""
    session.cluster(cpu=1)
    session.add(lines, {"lr": [0.1, 0.05], "pause": 0.03, "steps": 1500})
    session.run(exclude=ALONE)
    [first] = until(lambda: in_training(session))
    yield [first, next(name for name in statuses(session.state) if name != first)]


def test_what_is_stopped_or_removed_leaves_its_device_to_another(
    session: Session, slow: list[str]
) -> None:
    first, second = slow
    session.stop([first])
    assert until(lambda: in_training(session)) == [second]
    held = task(session, first)
    assert held["status"] == "stopped"
    assert held["checkpointStep"] > 0
    session.resume([first])
    assert statuses(session.state)[first] == "ready"
    folder = session.paths.task(second)
    assert folder.exists()
    session.remove([second], yes=True)
    assert second not in statuses(session.state)
    assert not folder.exists()
    assert until(lambda: in_training(session)) == [first]
    assert task(session, first)["attempts"][-1]["fromStep"] == held["checkpointStep"]
    # A name is free again, and what was to be killed saved nothing.
    [archived] = (session.paths.folder / "archive").glob(f"*-{second}")
    assert not list(archived.glob("checkpoints/step-*"))
    with pytest.raises(SaturnError) as unknown:
        session.resume([second])
    assert unknown.value.code == "unknown-task"
    session.stop()


def test_a_clone_begins_with_the_weights_of_a_checkpoint_that_is_gone(session: Session) -> None:
    import torch

    session.cluster(cpu=1)
    session.add(lines, {"lr": [0.1], "steps": 20})
    with pytest.raises(SaturnError) as none:
        session.clone("lines-0.1-20", warm_start="last")
    assert none.value.code == "no-checkpoint"
    session.run(exclude=ALONE)
    session.wait()
    with pytest.raises(SaturnError) as none:
        session.clone("lines-0.1-20", warm_start=7)
    assert (none.value.code, "20" in (none.value.hint or "")) == ("no-checkpoint", True)
    measured = len(session.state["cells"])
    parent = torch.load(session.paths.model("lines-0.1-20"), weights_only=True)
    view = session.clone("lines-0.1-20", lr=1e-9, warm_start="last", name="still")
    assert "from lines-0.1-20 at step 20" in view.text
    session.remove(["lines-0.1-20"], yes=True)
    session.run()
    session.wait()
    still = task(session, "still")
    assert still["status"] == "finished"
    assert still["spec"]["warmStart"]["step"] == 20
    assert len(session.state["cells"]) == measured
    weights = torch.load(session.paths.model("still"), weights_only=True)
    for name, tensor in parent.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-4, atol=1e-6)
    assert "from lines-0.1-20 at step 20" in session.render("results").text
    with pytest.raises(SaturnError) as odd:
        session.clone("still", learning_rate=1, name="odd")
    assert odd.value.code == "bad-parameters"
    assert statuses(session.state)["odd"] == "invalid"
    session.clone("still", lr=0.2, warm_start=20, name="odd")
    assert len(task(session, "odd")["spec"]["warmStart"]["checkpoints"]) == 2


def test_a_cell_run_again_with_other_values_leaves_what_was_trained(
    session: Session, tmp_path: Path
) -> None:
    session.cluster(cpu=1)
    session.add(lines, {"lr": [0.1], "steps": 5}, origin="cell")
    session.run(exclude=ALONE)
    session.wait()
    before = task(session, "lines-0.1-5")

    def other(lr: float, steps: int) -> Any:
        return lines(lr=2 * lr, steps=steps)

    other.__name__ = "lines"
    session.add(lines, {"lr": [0.2], "steps": 5}, origin="cell", wait=True)
    with pytest.raises(SaturnError) as changed:
        session.add(other, {"lr": [0.1], "steps": 5}, origin="cell")
    assert changed.value.code == "already-trained"
    assert task(session, "lines-0.1-5") == before
    assert statuses(session.state) == {"lines-0.1-5": "finished", "lines-0.2-5": "ready"}


def test_all_tasks_reach_a_rung_before_any_goes_on(session: Session) -> None:
    import torch

    session.cluster(cpu=1)
    session.add(lines, {"lr": [0.1, 0.05], "steps": 40})
    plan = session.plan(exclude=ALONE, early="10%")
    assert "before any goes on" in plan.text
    price = session.state["plan"]["plan"]["early"]
    assert price["makespan"] >= price["without"] > 0
    session.run(early="10%")
    session.wait()
    tasks = session.state["tasks"]
    assert set(statuses(session.state).values()) == {"finished"}
    rungs = [each["attempts"][0] for each in tasks]
    assert [attempt["until"] for attempt in rungs] == [4, 4]
    rest = [attempt for each in tasks for attempt in each["attempts"][1:]]
    assert [attempt["fromStep"] for attempt in rest] == [4, 4]
    assert attempts_told(session, *statuses(session.state)) == [1, 1, 1, 1, 2, 2, 2, 2]
    shown = [each["validations"] for each in tasks]
    assert [[one["step"] for one in each] for each in shown] == [[4], [4]]
    assert all(one["metrics"]["mse"] > 0 for each in shown for one in each)
    # The models are those of a run without it.
    session.clone("lines-0.1-40", seed=0, name="plain", epochs=40 / 8)
    session.run()
    session.wait()
    weights, plain = (
        torch.load(session.paths.model(name), weights_only=True)
        for name in ("lines-0.1-40", "plain")
    )
    for name, tensor in plain.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-7)

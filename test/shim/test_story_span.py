"""A task over two nodes, whose agents are real, as are engine, planner and ranks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from far_node import FarNode
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import Json
from nightly import nightly
from stage import Stage
from test_story import home, lines, opened  # noqa: F401
from waiting import until

_numbers = itertools.count(1)

pytestmark = pytest.mark.timeout(400)

EXCLUDED = ["hsdp", "offload", "pipeline", "tensor", "fsdp-tensor"]


@pytest.fixture
def session(home: Path, stage: Stage) -> Iterator[Session]:  # noqa: F811
    with opened(f"span-{next(_numbers)}", home) as one:
        one.cluster(cpu=1)
        yield one


@pytest.fixture
def far(session: Session) -> Iterator[FarNode]:
    with FarNode(session.paths) as node:
        until(lambda: len(session.state["cluster"]["nodes"]) == 2)
        yield node


def task(session: Session, name: str) -> Json:
    found: Json = next(one for one in session.state["tasks"] if one["spec"]["name"] == name)
    return found


NOT_ALONE = ["single", *EXCLUDED]
NOT_TOGETHER = ["ddp", "fsdp", *EXCLUDED]


def trains(session: Session, name: str, *, together: bool) -> Json:
    """The attempt in which a task trains, once it has made a step."""

    def now() -> Json | None:
        found = task(session, name)
        last: Json = found["attempts"][-1] if found["attempts"] else {}
        begun = found["status"] == "running" and found["progress"]["step"] > last["fromStep"]
        return last if begun and ("elsewhere" in last) is together else None

    attempt: Json = until(now, 100)
    return attempt


@pytest.fixture
def stopped(session: Session, far: FarNode) -> str:
    """A task that has trained over both nodes, and was stopped there."""
    session.wish(span=2)
    session.add(lines, {"lr": [0.1], "pause": [0.05], "steps": [2000]})
    (name,) = task_names(session)
    until(lambda: task(session, name)["status"] == "ready", 150)
    session.run(exclude=NOT_ALONE)
    trains(session, name, together=True)
    session.stop()
    until(lambda: task(session, name)["status"] == "stopped")
    return str(name)


def task_names(session: Session) -> list[str]:
    return [one["spec"]["name"] for one in session.state["tasks"]]


def test_a_task_over_two_nodes_learns_what_it_does_on_one(session: Session, far: FarNode) -> None:
    session.add(lines, {"lr": [0.1]})
    session.run(exclude=NOT_TOGETHER)
    session.wait()
    alone = next(one["spec"]["name"] for one in session.state["tasks"])
    session.add(lines, {"lr": [0.1], "pause": [0.001]})
    both = session.state["tasks"][-1]["spec"]["name"]
    session.wish(span=2)
    session.run(exclude=NOT_ALONE)
    session.wait()
    assert task(session, both)["status"] == "finished"
    (attempt,) = task(session, both)["attempts"]
    assert attempt["strategy"]["nodes"] == 2
    weights = [torch.load(session.paths.model(name), weights_only=True) for name in (alone, both)]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=1e-5, atol=1e-5)


@nightly
def test_what_was_stopped_on_two_nodes_goes_on_from_there(session: Session, stopped: str) -> None:
    saved = task(session, stopped)["checkpointStep"]
    assert saved > 0
    session.run(exclude=NOT_TOGETHER)
    assert trains(session, stopped, together=False)["fromStep"] == saved


@nightly
def test_a_part_that_is_killed_ends_both_and_all_begins_again(
    session: Session, far: FarNode, stopped: str
) -> None:
    saved = task(session, stopped)["checkpointStep"]
    session.run(exclude=NOT_ALONE)
    first = trains(session, stopped, together=True)
    (rank,) = far.ranks()
    rank.kill()
    until(lambda: trains(session, stopped, together=True)["number"] > first["number"])
    lost, again = task(session, stopped)["attempts"][-2:]
    assert (lost["outcome"], again["fromStep"]) == ("lost", saved)
    assert "ends" not in lost


@nightly
def test_a_node_that_is_lost_takes_its_part_along_and_the_task_goes_on(
    session: Session, far: FarNode, stopped: str
) -> None:
    saved = task(session, stopped)["checkpointStep"]
    session.run(exclude=NOT_ALONE)
    trains(session, stopped, together=True)
    ranks = far.ranks()
    assert len(ranks) == 1
    far.agent.kill()
    until(lambda: task(session, stopped)["attempts"][-1].get("outcome"))
    session.run(exclude=NOT_TOGETHER)
    assert trains(session, stopped, together=False)["fromStep"] == saved
    assert not any(rank.is_running() for rank in ranks)

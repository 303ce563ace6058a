"""A task over two nodes, whose agents are real, as are engine, planner and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from far_node import FarNode
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import Json
from stage import Stage, until
from test_story import home, lines, opened  # noqa: F401

EXCLUDED = ["hsdp", "offload", "pipeline", "tensor", "fsdp-tensor"]


@pytest.fixture
def session(home: Path, stage: Stage) -> Iterator[Session]:  # noqa: F811
    with opened("span", home) as one:
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


def spans(session: Session, name: str) -> list[Json]:
    """The attempts of a task over two nodes."""
    return [one for one in task(session, name)["attempts"] if "elsewhere" in one]


def in_training(session: Session, name: str) -> Json:
    """The attempt over two nodes in which a task trains, once it has a checkpoint to go on from."""

    def now() -> Json | None:
        found = task(session, name)
        saved = found.get("checkpointStep", 0) > 0
        last: Json = found["attempts"][-1] if found["attempts"] else {}
        return last if found["status"] == "running" and saved and "elsewhere" in last else None

    attempt: Json = until(now)
    return attempt


@pytest.fixture
def long(session: Session, far: FarNode) -> str:
    """A task over both nodes that will not end by itself soon; it has saved."""
    session.wish(span=2)
    session.add(lines, {"lr": [0.1], "pause": [0.05], "steps": [600]})
    name: str = task_names(session)[-1]
    session.run(exclude=["single", *EXCLUDED])
    in_training(session, name)
    session.stop()
    until(lambda: task(session, name)["status"] == "stopped")
    assert task(session, name)["checkpointStep"] > 0
    return name


def task_names(session: Session) -> list[str]:
    return [one["spec"]["name"] for one in session.state["tasks"]]


def test_a_task_over_two_nodes_learns_what_it_does_on_one(session: Session, far: FarNode) -> None:
    session.add(lines, {"lr": [0.1]})
    session.run(exclude=["ddp", "fsdp", *EXCLUDED])
    session.wait()
    alone = next(one["spec"]["name"] for one in session.state["tasks"])
    session.add(lines, {"lr": [0.1], "pause": [0.001]})
    both = session.state["tasks"][-1]["spec"]["name"]
    session.wish(span=2)
    session.run(exclude=["single", *EXCLUDED])
    session.wait()
    assert task(session, both)["status"] == "finished"
    (attempt,) = task(session, both)["attempts"]
    assert attempt["strategy"]["nodes"] == 2
    weights = [torch.load(session.paths.model(name), weights_only=True) for name in (alone, both)]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=1e-5, atol=1e-5)


def test_what_was_stopped_on_two_nodes_goes_on_from_there(session: Session, long: str) -> None:
    """Which it has saved by itself, or its first checkpoint would be that of the stop."""
    saved = task(session, long)["checkpointStep"]
    session.run(exclude=["ddp", "fsdp", *EXCLUDED])
    until(lambda: task(session, long)["status"] == "running")
    assert task(session, long)["attempts"][-1]["fromStep"] == saved
    assert "elsewhere" not in task(session, long)["attempts"][-1]

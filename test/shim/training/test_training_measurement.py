"""A training measures its own cell, on its way and at its end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from ranks import MEGABYTE, Group, Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def slow(evaluation: float = 0.0, lame: float = 0.0, **task: Any) -> Task:
    """`mlp` with steps of 20 ms or more, whose evaluation is slower, or its second rank."""
    import time

    import torch
    import torch.distributed as dist

    made = mlp(**task)
    loss = made.loss
    late = lame if dist.is_initialized() and dist.get_rank() == 1 else 0.0

    def paused(outputs: Any, targets: Any) -> Any:
        time.sleep((0.02 + late) if torch.is_grad_enabled() else evaluation)
        return loss(outputs, targets)

    return type(made)(**{**vars(made), "loss": paused})


def cells(group: Group) -> list[Json]:
    told = [event["cell"] for event in group.of("measured")]
    for cell in told:
        wire.validate("ProfileCell", cell)
        assert (cell["status"], cell["source"]) == ("ok", "measured")
        assert cell["signature"] == "abc"
        assert 0 < cell["peakBytes"] < 400 * MEGABYTE
        assert 0 < cell["loadSeconds"] < cell["stepSeconds"]
    return told


@pytest.mark.parametrize(("technique", "devices"), [("single", 1), ("ddp", 2)])
def test_a_cell_is_told_when_it_is_known_and_at_the_end(
    session: Session, technique: str, devices: int
) -> None:
    spec = session.spec(slow, f"told-{technique}")
    group = session.train(
        spec, technique, devices, steps=100_000, signature="abc", checkpointSeconds=0.5
    )
    first = group.until("measured")["cell"]
    step = group.until("step")["step"]
    group.signal(signal.SIGTERM)
    assert set(group.wait()) == {0}, group.log
    known, whole = cells(group)
    assert known == first
    assert known["strategy"] == {"technique": technique, "devices": devices}
    assert known["stepSeconds"] >= 0.02
    assert 5 <= known["steps"] < step <= group.of("stopped")[0]["step"]
    assert known["steps"] < whole["steps"] < group.of("stopped")[0]["step"]
    assert whole["saveSeconds"] > 0
    assert group.events[-1]["kind"] == "stopped"


def test_the_slowest_rank_counts(session: Session) -> None:
    group = session.train(session.spec(slow, lame=0.05), "ddp", 2, signature="abc", steps=30)
    finish(group)
    assert cells(group)[-1]["stepSeconds"] >= 0.07


def test_evaluations_and_saves_are_no_steps(session: Session) -> None:
    spec = session.spec(slow, "evaluated", evaluation=0.3, validate_every=5)
    group = session.train(spec, "single", signature="abc", steps=25, checkpointSeconds=1e-9)
    finish(group)
    assert 0.02 <= cells(group)[-1]["stepSeconds"] < 0.3 * 3 / 5


def test_only_a_checkpoint_to_go_on_from_tells_what_saving_takes(session: Session) -> None:
    for name, changes in {"often": {"checkpointSeconds": 1e-9}, "never": {}}.items():
        spec = session.spec(slow, f"saved-{name}")
        group = session.train(spec, "single", signature="abc", steps=25, **changes)
        finish(group)
        assert ("saveSeconds" in cells(group)[-1]) == (name == "often")


def test_what_was_too_short_to_tell_is_not_told(session: Session) -> None:
    group = session.train(session.spec(mlp, "short"), "single", signature="abc", steps=1)
    finish(group)
    assert group.of("measured") == []

"""A group leaves after exactly the step that it is told, whenever it is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from nightly import nightly
from ranks import Group, Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

STEPS = 12


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.fixture(scope="module")
def undisturbed(session: Session) -> dict[str, torch.Tensor]:
    spec = session.spec(mlp, "undisturbed")
    finish(session.train(spec, "single"))
    return session.weights(spec)


def slow(pause: float) -> Task:
    """`mlp` with a pause in each step."""
    import time

    task = mlp()
    loss = task.loss

    def paused(outputs: Any, targets: Any) -> Any:
        time.sleep(pause)
        return loss(outputs, targets)

    return type(task)(**{**vars(task), "loss": paused})


def stopped(group: Group) -> int:
    """The step after which a group left that was to leave."""
    codes = group.wait()
    assert set(codes) == {0}, group.log
    assert not group.of("finished")
    (word,) = group.of("stopped")
    assert group.of("checkpoint") == [] or group.of("checkpoint")[-1]["step"] == word["step"]
    return int(word["step"])


def assert_same(session: Session, spec: Json, expected: dict[str, torch.Tensor]) -> None:
    for name, tensor in session.weights(spec).items():
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "step_seconds",
    [pytest.param(None, id="unknown"), pytest.param(1e-4, id="quick", marks=nightly)],
)
def test_a_task_in_segments_is_the_task_in_one(
    session: Session, undisturbed: dict[str, torch.Tensor], step_seconds: float | None
) -> None:
    """Also where the ranks would not agree as often as that."""
    known: Json = {} if step_seconds is None else {"stepSeconds": step_seconds}
    spec = session.spec(mlp, f"segments-{step_seconds}", record=str(session.record))
    session.record.unlink(missing_ok=True)
    for until, technique, devices in ((1, "single", 1), (4, "ddp", 2), (5, "fsdp", 2)):
        group = session.train(spec, technique, devices, until=until, **known)
        assert stopped(group) == until
    made = len(session.record.read_text().splitlines())
    assert made == 1 + 3 * 2 + 1 * 2  # each step by each rank of its group, once
    finish(session.train(spec, "single", until=STEPS, **known))
    assert_same(session, spec, undisturbed)


def test_a_group_that_is_there_already_leaves_at_once(session: Session) -> None:
    spec = session.spec(mlp, "there", record=str(session.record))
    assert stopped(session.train(spec, "single", until=6)) == 6
    session.record.unlink()
    assert stopped(session.train(spec, "single", until=6)) == 6
    assert stopped(session.train(spec, "ddp", 2, until=2)) == 6
    assert not session.record.exists()


@pytest.mark.parametrize("devices", [pytest.param(1, marks=nightly), 2])
def test_the_last_step_may_change_while_it_trains(session: Session, devices: int) -> None:
    technique = "single" if devices == 1 else "ddp"
    spec = session.spec(slow, f"changed-{devices}", pause=0.02)
    group = session.train(spec, technique, devices, steps=10_000, until=9_000)
    group.until("started")
    group.amend(until=40)
    assert stopped(group) == 40

    group = session.train(spec, technique, devices, steps=10_000, until=80)
    group.until("started")
    group.amend(until=9_000)
    while group.until("step")["step"] <= 80:
        pass
    group.amend(until=50)  # which is passed
    assert 80 < stopped(group) < 9_000

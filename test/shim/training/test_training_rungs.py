"""A task tells how good it is at rungs, and what it trains shows no trace of that."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.run.rungs import Listening
from ranks import Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

RUNGS = [1, 3, 9]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def drawing(**task: Any) -> Task:
    """`mlp` whose model and metric draw random numbers, and whose model keeps averages."""
    from torch import nn

    def lucky(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return torch.rand(()) + 0 * outputs.sum()

    plain = mlp()
    parts = [plain.model[0], nn.BatchNorm1d(10), nn.Dropout(0.3), *plain.model[1:]]
    fields = {**vars(plain), "model": nn.Sequential(*parts), "metrics": {"lucky": lucky}}
    return Task(**{**fields, **task})


def unseen(**task: Any) -> Task:
    """`mlp` of which nothing is held out."""
    return mlp(eval_data=None, metrics={}, **task)


@pytest.mark.parametrize(("technique", "devices"), [("single", 1), ("fsdp", 2)])
def test_rungs_leave_no_trace(session: Session, technique: str, devices: int) -> None:
    plain = session.spec(drawing, f"plain-{technique}")
    finish(session.train(plain, technique, devices))
    spec = session.spec(drawing, f"compared-{technique}")
    group = session.train(spec, technique, devices, rungs=RUNGS)
    finish(group)
    told = group.of("rung")
    assert [rung["step"] for rung in told] == RUNGS
    assert all(set(rung["metrics"]) == {"loss", "lucky"} for rung in told)
    assert [each["step"] for each in group.of("validated")] == RUNGS
    weights = session.weights(plain)
    for name, tensor in session.weights(spec).items():
        torch.testing.assert_close(tensor, weights[name], rtol=0, atol=0)


def test_the_loss_of_a_rung_is_the_mean_of_the_latter_half(session: Session) -> None:
    spec = session.spec(unseen, "unseen")
    group = session.train(spec, "single", rungs=RUNGS)
    finish(group)
    losses = session.curve(spec, "loss")
    for rung in group.of("rung"):
        latter = losses[rung["step"] // 2 : rung["step"]]
        assert "metrics" not in rung
        assert rung["loss"] == pytest.approx(sum(latter) / len(latter), rel=1e-6)
    assert not group.of("validated")


def test_the_own_evaluations_of_a_task_stay_as_they_are(session: Session) -> None:
    """One that falls on a rung is made once."""
    spec = session.spec(mlp, "own", validate_every=3)
    group = session.train(spec, "single", rungs=RUNGS)
    finish(group)
    assert [each["step"] for each in group.of("validated")] == [1, 3, 6, 9]
    assert [each["step"] for each in group.of("rung")] == RUNGS


def test_a_rung_after_a_move_is_as_without(session: Session) -> None:
    """Also where the task comes to it, or leaves right there."""
    whole = session.spec(mlp, "whole")
    group = session.train(whole, "single", rungs=[9])
    finish(group)
    (expected,) = group.of("rung")
    spec = session.spec(mlp, "moved")
    told: list[Json] = []
    for until in (6, 9, 12):
        group = session.train(spec, "single", until=until, rungs=[9])
        assert set(group.wait()) == {0}
        told += group.of("rung")
    assert [rung["step"] for rung in told] == [9, 9]  # the session takes the first
    for rung in told:
        assert rung["loss"] == pytest.approx(expected["loss"], rel=1e-6)
        assert rung["metrics"] == pytest.approx(expected["metrics"], rel=1e-6)


def test_a_task_that_diverges_tells_no_rung(session: Session) -> None:
    session.script.write_text('{"nan": 5}')
    spec = session.spec(unseen, "diverges", script=str(session.script))
    group = session.train(spec, "single", rungs=RUNGS)
    group.wait()
    assert [rung["step"] for rung in group.of("rung")] == [1, 3]
    (failed,) = group.of("failed")
    assert failed["error"]["code"] == "loss-not-finite"


def test_the_inspection_tells_how_a_task_is_evaluated(session: Session) -> None:
    specs = [
        session.spec(mlp, "at-the-end"),
        session.spec(mlp, "on-its-way", validate_every=4),
        session.spec(unseen, "never"),
    ]
    group = session.inspect(specs, 1)
    assert group.wait() == [0], group.log
    told = {
        event["result"]["task"]: event["result"]["inspection"]["evaluating"]
        for event in group.of("inspected")
    }
    assert told == {
        "at-the-end": {"metrics": ["loss", "accuracy"]},
        "on-its-way": {"metrics": ["loss", "accuracy"], "every": 4},
        "never": {"metrics": []},
    }


def test_ranks_listen_closely_for_a_while_after_a_rung() -> None:
    """An order to stop comes about a twentieth of a second after it."""
    listening = Listening()
    wanted = [listening.wanted(step, 0.001, compares=step == 100) for step in (99, 100, 149, 150)]
    assert wanted == [None, 10, 10, None]
    assert Listening().wanted(7, 3.0, compares=True) == 1

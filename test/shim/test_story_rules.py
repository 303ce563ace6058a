"""A sweep whose rule gives up tasks: real agent, engine, planner and ranks."""

from __future__ import annotations

import sys
from typing import Any

import cloudpickle
import pytest
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.task import Task
from nightly import nightly
from test_story import home, lines, session, statuses

__all__ = ["home", "session"]  # fixtures
cloudpickle.register_pickle_by_value(sys.modules[__name__])

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
RATES = [0.2, 0.1, 1e-3, 1e-4, 3e-4, 1e-5]


def straight(lr: float) -> Task:
    """Slow enough for a rule's answer to come before the next rung: ranks go on meanwhile."""
    return lines(lr, pause=0.03, steps=27)


def untouched(lr: float) -> Task:
    """What `straight` trains, of no sweep with a rule."""
    return lines(lr, steps=27)


def diverging(lr: float) -> Task:
    return lines(lr, steps=27)


def task(session: Session, name: str) -> Json:
    return next(each for each in session.state["tasks"] if each["spec"]["name"] == name)


def weights(session: Session, name: str) -> dict[str, Any]:
    import torch

    path = session.paths.folder / task(session, name)["result"]["model"]
    return dict(torch.load(path, weights_only=True))


def test_the_bad_ones_are_given_up_and_trained_on_when_asked_for(session: Session) -> None:
    import torch

    session.cluster(cpu=2)
    session.add(straight, {"lr": RATES}, stop="asha:first=3", by="mse")
    session.run(exclude=ALONE)
    session.wait()
    given = [each for each in session.state["tasks"] if "givenUp" in each]
    ends = statuses(session.state)
    assert {each["status"] for each in given} == {"stopped"}
    assert ends["straight-0.2"] == "finished" or ends["straight-0.1"] == "finished"
    assert 3 <= len(given) <= 5
    for each in given:
        at = each["givenUp"]
        assert at["rule"] == "asha"
        assert at["step"] in (3, 9)
        assert at["place"] > max(1, at["of"] // 3)
        assert [rung["step"] for rung in each["rungs"]][-1] >= at["step"]
        folder = session.paths.checkpoints(each["spec"]["name"])
        assert list(folder.glob("step-*")), "its checkpoint is kept"

    session.run(exclude=ALONE)  # which goes on with none of them
    session.wait()
    assert statuses(session.state) == ends
    with pytest.raises(SaturnError) as nothing:
        session.resume()
    assert nothing.value.code == "nothing-stopped"

    name = given[0]["spec"]["name"]
    session.run([name], exclude=ALONE)
    session.wait()
    went_on = task(session, name)
    assert went_on["status"] == "finished"
    assert went_on["spared"]
    assert "givenUp" not in went_on
    assert len(went_on["attempts"]) == 2

    session.add(untouched, {"lr": [given[0]["spec"]["params"]["lr"]]})
    alone = name.replace("straight", "untouched")
    session.run([alone], exclude=ALONE)
    session.wait()
    trained = weights(session, name)
    for part, value in weights(session, alone).items():
        torch.testing.assert_close(trained[part], value, rtol=0, atol=1e-7)


@nightly
def test_a_sweep_survives_a_point_that_diverges_and_one_that_lacks_the_metric(
    session: Session,
) -> None:
    session.cluster(cpu=1)
    session.add(diverging, {"lr": [1e9, 0.1]}, stop="asha:first=3", by="mse")
    session.run(exclude=ALONE)
    session.wait()
    assert statuses(session.state) == {
        "diverging-1000000000.0": "stopped",
        "diverging-0.1": "finished",
    }
    lost = task(session, "diverging-1000000000.0")
    assert lost["error"]["code"] == "loss-not-finite"
    assert "place" not in lost["givenUp"]

    with pytest.raises(SaturnError) as refused:
        session.add(lines, {"lr": [0.1]}, stop="asha", by="accuracy", wait=True)
    assert refused.value.code == "no-metric"
    assert "loss, mse" in str(refused.value)

"""A LightningModule that optimises by hand trains in ranks of ours as it does alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from native_tasks import gan, noting
from nightly import nightly
from ranks import Session, finish

SEED = 7  # of the specs that the tests' session makes
STEPS = 12


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def alone(**params: Any) -> dict[str, torch.Tensor]:
    """The weights that Lightning comes to by itself."""
    seed_all(derive(SEED, "factory"))
    weights: dict[str, torch.Tensor] = gan("fits", **params)
    return {name: value.clone() for name, value in weights.items()}


def assert_as_alone(trained: dict[str, torch.Tensor], **params: Any) -> None:
    expected = alone(**params)
    assert expected.keys() == trained.keys()
    for name, value in expected.items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", ["trainer-module-loaders", "module-data-trainer", "fits"])
def test_trains_as_alone(session: Session, shape: str) -> None:
    spec = session.spec(gan, shape, shape=shape)
    group = session.train(spec, "native", steps=STEPS, rungs=[3])
    result = finish(group)
    assert_as_alone(session.weights(spec))
    assert group.of("finished")[0]["step"] == STEPS
    assert result["metrics"].keys() >= {"distance"}
    validated = group.of("validated")
    assert [event["step"] for event in validated][:2] == [4, 8]
    (rung,) = group.of("rung")
    assert (rung["step"], rung["metrics"]) == (3, validated[0]["metrics"])


@pytest.mark.parametrize(
    ("before", "after"),
    [pytest.param(1, 1, marks=nightly), (1, 2), pytest.param(2, 1, marks=nightly)],
)
def test_stopped_and_gone_on_with_it_is_as_uninterrupted(
    session: Session, before: int, after: int
) -> None:
    """Also on another number of devices, where masks of dropout are not the same."""
    params = {"slow": True, "dropout": 0.1 if before == after else 0.0}
    name = f"stopped-{before}-{after}"
    spec = session.spec(gan, name, shape="module-data-trainer", **params)
    group = session.train(spec, "native", before, steps=STEPS)
    while group.until("step")["step"] < 5:
        pass
    group.signal(signal.SIGTERM)
    assert group.wait() == [0] * before, group.log
    stopped = group.of("stopped")[0]["step"]
    assert 5 <= stopped < STEPS
    again = session.train(spec, "native", after, steps=STEPS)
    finish(again)
    assert again.of("started")[0]["step"] == stopped
    assert_as_alone(session.weights(spec), **params)


def test_on_two_ranks_the_batch_is_kept(session: Session) -> None:
    spec = session.spec(gan, "two", shape="trainer-module-loaders", dropout=0.0)
    finish(session.train(spec, "native", 2, steps=STEPS))
    assert_as_alone(session.weights(spec), dropout=0.0)


def test_the_inspection_leads_up_to_the_first_batch(session: Session) -> None:
    spec = {**session.spec(gan, "seen", shape="module-data-trainer"), "native": True}
    group = session.inspect([spec, {**spec, "name": "more", "epochs": 5}], 3)
    assert group.wait() == [0], group.log
    first, second = (event["result"]["inspection"] for event in group.of("inspected"))
    assert (first["steps"], first["stepsPerEpoch"]) == (12, 4)
    assert (first["batchSize"], first["samples"]) == (8, 32)
    assert first["evaluating"] == {"every": 4}
    assert second["steps"] == 20
    assert [row["feasible"] for row in first["feasibility"]] == [True, True, False]


def test_a_trial_times_batches(session: Session) -> None:
    spec = session.spec(gan, "tried", shape="trainer-module-loaders", slow=True)
    group = session.trial(spec, "native", 2)
    assert group.wait() == [0, 0], group.log
    assert 0.05 < group.of("trial")[0]["cell"]["stepSeconds"] < 0.5


@pytest.mark.parametrize(
    ("options", "until", "stopped"),
    [
        ({"by_hand": True}, 4, 4),
        pytest.param({"accumulate_grad_batches": 2}, 3, 4, marks=nightly),
        pytest.param({"val_check_interval": 3}, 3, 4, marks=nightly),
        pytest.param({}, 6, 7, marks=nightly),
    ],
)
def test_what_modules_and_callbacks_note_goes_on_after_a_pause(
    session: Session, options: Json, until: int, stopped: int
) -> None:
    """Gradients that wait for more of their step as well; else it is gone on to its end."""
    spec = session.spec(noting, f"noting-{len(options)}-{until}", **options)
    group = session.train(spec, "native", steps=18, until=until)
    assert group.wait() == [0], group.log
    assert group.of("stopped")[0]["step"] == stopped
    finish(session.train(spec, "native", steps=18))
    seed_all(derive(SEED, "factory"))
    module, trainer, *loaders = noting(**options)
    trainer.fit(module, *loaders)
    trained = session.weights(spec)
    for name, value in module.state_dict().items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)

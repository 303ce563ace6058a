"""A LightningModule that optimises by hand trains in ranks of ours as it does alone."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from native_tasks import gan
from nightly import nightly
from ranks import Session, finish

SEED = 7  # of the specs that the tests' session makes
STEPS = 12


cloudpickle.register_pickle_by_value(sys.modules[__name__])


def forgetful(**_: Any) -> Any:
    """Its schedule counts by itself, which no checkpoint holds."""
    import pytorch_lightning as pl
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    calls = {"made": 0}

    def factor(_: int) -> float:
        calls["made"] += 1
        return float(0.9 ** calls["made"])

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(4, 1)

        def training_step(self, batch: Any, _: int) -> Any:
            return nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            return [optimizer], [torch.optim.lr_scheduler.LambdaLR(optimizer, factor)]

    data = TensorDataset(torch.randn(16, 4), torch.randn(16, 1))
    trainer = pl.Trainer(
        max_epochs=8, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False
    )
    return Module(), DataLoader(data, batch_size=4), trainer


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


def test_what_a_pause_would_change_is_left_to_its_own_loop(session: Session) -> None:
    group = session.inspect([session.spec(forgetful, "forgetful")], 1)
    assert group.wait() == [0], group.log
    (result,) = (event["result"] for event in group.of("inspected"))
    feasible = [row for row in result["inspection"]["feasibility"] if row["feasible"]]
    assert [row["strategy"]["technique"] for row in feasible] == ["native"]

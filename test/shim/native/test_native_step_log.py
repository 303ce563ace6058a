"""Loops of libraries and users log each step, as far as they tell of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from native_tasks import accelerated, gan, plain, trainer
from ranks import Session, finish

cloudpickle.register_pickle_by_value(sys.modules[__name__])

SEED = 7  # of the specs that the tests' session makes
STEPS = 12


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def watched(**options: Any) -> Any:
    """A Trainer whose loss logs by its own means, and by ours."""
    from jupyterlab_saturn import log

    made = trainer("pairs", **options)
    compute = made.compute_loss

    def compute_loss(model: Any, inputs: Any, return_outputs: bool = False, **more: Any) -> Any:
        loss, outputs = compute(model, inputs, return_outputs=True, **more)
        log("doubled", 2 * loss)
        made.log({"halved": float(loss) / 2})
        return (loss, outputs) if return_outputs else loss

    made.compute_loss = compute_loss
    return made


def test_a_trainer_logs_what_it_logs_alone(session: Session) -> None:
    options = {
        "logging_steps": 1,
        "gradient_accumulation_steps": 1,
        "per_device_train_batch_size": 8,
        "max_grad_norm": 0.1,
    }
    seed_all(derive(SEED, "factory"))
    alone = trainer("pairs", **options)
    alone.train()
    told = [entry for entry in alone.state.log_history if "learning_rate" in entry]
    spec = session.spec(watched, **options)
    finish(session.train(spec, "native", steps=STEPS))
    assert len(told) == STEPS
    losses = session.curve(spec, "loss")
    assert losses == pytest.approx([entry["loss"] for entry in told], abs=1e-3)
    assert session.curve(spec, "lr") == pytest.approx([entry["learning_rate"] for entry in told])
    norms = [entry["grad_norm"] for entry in told]
    assert session.curve(spec, "grad_norm") == pytest.approx(norms, rel=1e-3)
    assert session.curve(spec, "doubled") == pytest.approx([2 * loss for loss in losses])
    assert session.curve(spec, "halved") == pytest.approx([loss / 2 for loss in losses])
    for line in session.steps(spec).values():
        assert line["samples_per_second"] * line["step_seconds"] == pytest.approx(8)


@pytest.mark.parametrize("devices", [1, 2])
def test_a_lightning_module_logs_each_batch(session: Session, devices: int) -> None:
    spec = session.spec(gan, f"gan-{devices}", shape="fits", dropout=0.0)
    finish(session.train(spec, "native", devices, steps=STEPS))
    losses = session.curve(spec, "loss")
    assert len(losses) == STEPS
    assert session.curve(spec, "maker_loss") == losses  # the only one that it tells
    assert session.curve(spec, "lr") == [1e-2] * STEPS
    first = session.spec(gan, "gan-1", shape="fits", dropout=0.0)
    assert losses == pytest.approx(session.curve(first, "loss"), abs=1e-5)
    assert [line["step"] for line in session.log(spec) if "eval" in line][:2] == [4, 8]


@pytest.mark.parametrize("devices", [1, 2])
def test_a_loop_of_ones_own_logs_what_it_reports(session: Session, devices: int) -> None:
    spec = session.spec(accelerated, f"own-{devices}")
    finish(session.train(spec, "native", devices, steps=STEPS))
    losses = session.curve(spec, "loss")
    assert len(losses) == STEPS
    first = session.spec(accelerated, "own-1")
    assert losses == pytest.approx(session.curve(first, "loss"), abs=1e-5)
    for line in session.steps(spec).values():
        assert line["samples_per_second"] * line["step_seconds"] == pytest.approx(4)


def test_what_follows_a_loop_is_an_evaluation(session: Session) -> None:
    spec = session.spec(plain)
    finish(session.train(spec, "native", steps=15))
    assert len(session.curve(spec, "loss")) == 15
    evaluated = [line for line in session.log(spec) if "eval" in line]
    assert {line["step"] for line in evaluated} == {15}
    assert evaluated[0]["eval"].keys() == {"distance"}


def scored() -> Any:
    """A loop that logs what it computes without gradients, and evaluates with the same loss."""
    import jupyterlab_saturn as saturn
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    x = torch.arange(20.0).reshape(20, 1) / 20
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def fit(inputs: Any) -> Any:
        loss = (model(inputs) - 2 * inputs).pow(2).mean()
        saturn.log("fit", loss)
        return loss

    saturn.log("before", 1.0)
    for number, (inputs,) in enumerate(saturn.steps(DataLoader(TensorDataset(x), 4), epochs=2)):
        loss = fit(inputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            saturn.log("accuracy", torch.tensor(number / 10))
            if number % 2:
                fit(1000 * x)
        saturn.report(loss=loss)
    return model


def test_what_is_logged_without_gradients_is_of_the_step_too(session: Session) -> None:
    spec = session.spec(scored)
    finish(session.train(spec, "native", steps=10))
    assert session.curve(spec, "accuracy") == pytest.approx([n / 10 for n in range(10)])
    assert session.curve(spec, "fit") == session.curve(spec, "loss")  # but for what evaluates
    for line in session.steps(spec).values():
        assert line["metrics"].keys() == {"accuracy", "fit"}


def evaluating() -> Any:
    """A Trainer that evaluates now and then, with a model that logs without gradients only."""
    import torch
    from jupyterlab_saturn import log

    made = trainer(eval_strategy="steps", eval_steps=2)

    def scored(*_: Any) -> None:
        with torch.no_grad():
            log("training", float(made.model.training))

    made.model.register_forward_hook(scored)
    return made


def test_what_an_evaluation_logs_is_of_no_step(session: Session) -> None:
    spec = session.spec(evaluating)
    finish(session.train(spec, "native", steps=STEPS))
    assert session.curve(spec, "training") == [1.0] * STEPS


def in_batches(shape: str) -> Any:
    """A loop over batches that come in some shape."""
    import jupyterlab_saturn as saturn
    import torch
    import torch.distributed as dist
    from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

    data = TensorDataset(torch.arange(24.0).reshape(24, 1) / 24)
    ranks = dist.get_world_size() if dist.is_initialized() else 1
    batches: Any = {
        "range": lambda: range(6),
        "loader": lambda: DataLoader(data, 4),
        "whole": lambda: DataLoader(data, 4),
        "divided": lambda: DataLoader(data, 4 // ranks, sampler=DistributedSampler(data)),
    }[shape]()
    for number, _ in enumerate(saturn.steps(batches, distributed=shape in ("whole", "divided"))):
        saturn.report(loss=float(number))


@pytest.mark.parametrize(
    ("shape", "devices", "samples"),
    [("range", 1, None), ("loader", 1, 4), ("whole", 2, None), ("divided", 2, 4)],
)
def test_samples_are_counted_where_they_are_known(
    session: Session, shape: str, devices: int, samples: int | None
) -> None:
    spec = session.spec(in_batches, f"in-{shape}", shape=shape)
    finish(session.train(spec, "native", devices, steps=6))
    lines = session.steps(spec).values()
    assert len(lines) == 6
    for line in lines:
        if samples is None:
            assert "samples_per_second" not in line
        else:
            assert line["samples_per_second"] * line["step_seconds"] == pytest.approx(samples)


def falling(library: str) -> Any:
    """What trains with a learning rate that is a tensor, which its schedule changes in place."""
    import torch

    if library == "trainer":
        made = trainer()
        made.optimizer = torch.optim.SGD(made.model.parameters(), lr=torch.tensor(0.5))
        made.lr_scheduler = torch.optim.lr_scheduler.StepLR(made.optimizer, 1, 0.5)
        return made
    import pytorch_lightning as pl
    from torch.utils.data import DataLoader, TensorDataset

    class Falling(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.line = torch.nn.Linear(1, 1)

        def training_step(self, batch: Any, batch_idx: int) -> None:
            optimizer: Any = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(self.line(batch[0]).pow(2).mean())
            optimizer.step()
            schedule: Any = self.lr_schedulers()
            schedule.step()

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=torch.tensor(0.5))
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]

    loader = DataLoader(TensorDataset(torch.ones(16, 1)), 4)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    options: Any = {**quiet, "enable_checkpointing": False}
    return pl.Trainer(max_epochs=3, **options), Falling(), loader


@pytest.mark.parametrize("library", ["trainer", "lightning"])
def test_a_rate_that_changes_in_place_is_that_of_its_step(session: Session, library: str) -> None:
    spec = session.spec(falling, f"falling-{library}", library=library)
    finish(session.train(spec, "native", steps=STEPS))
    assert session.curve(spec, "lr") == pytest.approx([0.5 ** (n + 1) for n in range(STEPS)])

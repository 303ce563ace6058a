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


def test_what_follows_a_loop_is_an_evaluation(session: Session) -> None:
    spec = session.spec(plain)
    finish(session.train(spec, "native", steps=15))
    assert len(session.curve(spec, "loss")) == 15
    evaluated = [line for line in session.log(spec) if "eval" in line]
    assert {line["step"] for line in evaluated} == {15}
    assert evaluated[0]["eval"].keys() == {"distance"}

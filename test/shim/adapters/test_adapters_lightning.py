"""A LightningModule that goes through this package trains what Lightning would train."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from adapter_tasks import STEPS, lightning, validated
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.adapters import NeedsNative, adapt
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from ranks import Session, finish

SEED = 7  # of the specs that the tests' session makes


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def quiet_trainer(**options: Any) -> Any:
    import pytorch_lightning as pl

    return pl.Trainer(
        **options, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip


def alone(factory: Any, **params: Any) -> tuple[Any, dict[str, torch.Tensor], dict[str, float]]:
    """The Trainer, the weights and the validation that Lightning's own loop comes to."""
    seed_all(derive(SEED, "factory"))
    module, data, options = factory(**params)
    trainer = quiet_trainer(**options)
    trainer.fit(module, data)
    weights = {name: p.detach().clone() for name, p in module.named_parameters()}
    metrics = {k: float(v) for k, v in trainer.callback_metrics.items() if "train" not in k}
    return trainer, weights, metrics


def assert_same(weights: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize(
    ("technique", "world", "params"),
    [
        ("single", 1, {"interval": "epoch", "accumulate_grad_batches": 4}),
        ("ddp", 2, {"interval": "step"}),
        ("fsdp", 2, {"interval": "epoch", "accumulate_grad_batches": 2}),
    ],
)
def test_it_trains_and_validates_as_lightning_does(
    session: Session, technique: str, world: int, params: dict[str, Any]
) -> None:
    """Six batches an epoch: of four that add up, the second step has but two."""
    params = {**params, "max_steps": -1, "max_epochs": 2}
    trainer, weights, metrics = alone(lightning, **params)
    spec = session.spec(lightning, f"lightning-{technique}", **params)
    group = session.train(spec, technique, world, steps=trainer.global_step)
    result = finish(group)
    assert result["metrics"] == pytest.approx(metrics, rel=1e-4)
    assert_same(session.weights(spec), weights)


@pytest.mark.parametrize(("technique", "world"), [("single", 1), ("ddp", 2)])
def test_what_validation_logs_and_asks_of_its_trainer(
    session: Session, technique: str, world: int
) -> None:
    """A metric that adds up, hooks, an annealed loss, a stop, a rate that follows a metric."""
    trainer, weights, metrics = alone(validated)
    assert {"f1", "all", "epochs", "val_loss"} <= metrics.keys()
    spec = session.spec(validated, f"validated-{technique}")
    group = session.train(spec, technique, world, steps=60)
    result = finish(group)
    assert trainer.global_step < 60
    assert result["metrics"] == pytest.approx(metrics, rel=1e-4)
    assert_same(session.weights(spec), weights)


def test_all_shapes_are_known() -> None:
    module, data, options = lightning()
    data.setup("fit")
    loaders = data.train_dataloader(), data.val_dataloader()
    trainer = quiet_trainer(**options)
    for made, steps in (
        ((module, data, trainer), STEPS),
        ((trainer, module, data), STEPS),
        ((module, *loaders, options), STEPS),
        ((trainer, module, *loaders), STEPS),
        ((module, *loaders), 6),
        ((module, loaders[0]), 6),
    ):
        task = adapt(made)
        assert (task.model, task.batch_size, task.steps) == (module, 4, steps)
    module.train_dataloader = data.train_dataloader
    assert adapt((module, trainer)).steps == STEPS


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"kind": "manual"}, "optimizes by hand"),
        ({"kind": "two"}, "makes 2 optimizers"),
        ({"kind": "hooked"}, "its own on_train_epoch_start"),
        ({"precision": "64-true"}, "64-true"),
        ({"overfit_batches": 2}, "overfit_batches=2"),
        ({"gradient_clip_algorithm": "value"}, "clipped by value"),
        ({"unheard_of": 2}, "unheard_of=2"),
    ],
)
def test_what_is_not_known_to_be_right_needs_its_own_loop(
    params: dict[str, Any], words: str
) -> None:
    made = lightning(**params)
    with pytest.raises(NeedsNative) as caught:
        adapt(made)
    assert words in caught.value.reason
    assert caught.value.made is made


def small(
    step: Any = None, schedule: Any = None, *, validates: bool = True, watched: str | None = None
) -> Any:
    """A module of a layer, with another ``training_step`` or schedule."""
    import pytorch_lightning as pl
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    class Small(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(4, 1)

        def training_step(self, batch: Any, _: int) -> Any:
            loss = nn.functional.mse_loss(self.net(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            return optimizer if schedule is None else {
                "optimizer": optimizer, "lr_scheduler": schedule(optimizer)
            }  # fmt: skip

    if step is not None:
        Small.training_step = step  # type: ignore[method-assign]
    if validates:
        Small.validation_step = lambda self, batch, _: self.log(  # type: ignore[method-assign]
            "val_loss", nn.functional.mse_loss(self.net(batch[0]), batch[1])
        )
    data = DataLoader(TensorDataset(torch.randn(8, 4), torch.randn(8, 1)), batch_size=4)
    stops = [] if watched is None else [pl.callbacks.EarlyStopping(watched)]
    return Small(), data, data, quiet_trainer(max_epochs=2, callbacks=stops)


def plateau(**options: Any) -> Any:
    return lambda optimizer: {
        "scheduler": torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer), **options
    }  # fmt: skip


def skipping(self: Any, batch: Any, index: int) -> Any:
    if index == 1:
        return None
    with torch.enable_grad():
        return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])


def within(self: Any, batch: Any, _: int) -> Any:
    with torch.enable_grad():
        return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])


def reading_rate(self: Any, batch: Any, _: int) -> Any:
    rate = self.trainer.optimizers[0].param_groups[0]["lr"]
    return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]) * (1 + rate)


class Stepping:
    """A step that is an object, of whose code nothing is known."""

    def __call__(self, batch: Any, _: int) -> Any: ...


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"step": Stepping()}, "its training_step is no function"),
        ({"watched": "train_loss"}, "acts upon a metric that training_step logs"),
        ({"watched": "other", "validates": False}, "acts upon metrics, and is never validated"),
        ({"schedule": plateau(monitor="train_loss")}, "a metric that training_step logs"),
        ({"schedule": plateau(monitor="x"), "validates": False}, "is never validated"),
        ({"schedule": plateau(monitor="x", strict=False)}, "its lr_scheduler says strict"),
        ({"schedule": plateau(monitor="x", opt_idx=1)}, "its lr_scheduler says opt_idx"),
        ({"step": skipping}, "returns nothing of some batches"),
    ],
)
def test_what_it_acts_upon_must_be_known_here(params: dict[str, Any], words: str) -> None:
    with pytest.raises(NeedsNative) as caught:
        adapt(small(**params))
    assert words in caught.value.reason


def test_what_it_acts_upon_and_is_known_is_taken_over() -> None:
    assert adapt(small(watched="val_loss")).stop_early is not None
    assert adapt(small(schedule=plateau(monitor="val_loss", strict=True))).schedule_metric
    assert adapt(small(within, validates=False)).steps == 4
    task = adapt(small(reading_rate))  # which is looked at before an optimizer is made
    assert torch.isfinite(task.forward(task.model, next(iter(task.model.trainer.train_dataloader))))


def test_a_callback_that_trains_needs_its_own_loop() -> None:
    import pytorch_lightning as pl

    averaging = pl.callbacks.StochasticWeightAveraging(1e-2)
    with pytest.raises(NeedsNative, match="StochasticWeightAveraging"):
        adapt(lightning(callbacks=[averaging]))
    watching = [pl.callbacks.ModelCheckpoint(monitor="accuracy", mode="max")]
    assert adapt(lightning(callbacks=watching)).best == "accuracy:max"


def test_parts_that_are_none_are_told() -> None:
    with pytest.raises(SaturnError, match="needs a LightningModule"):
        adapt(quiet_trainer(max_epochs=1))


def test_what_its_trainer_does_not_have_is_named() -> None:
    module, data, options = lightning()
    adapt((module, data, options))
    with pytest.raises(SaturnError, match="asks its Trainer for strategy"):
        module.trainer.strategy  # noqa: B018


@pytest.mark.parametrize(
    ("said", "precision"),
    [("32-true", "float32"), ("bf16-mixed", "bfloat16"), ("16-mixed", "float16")],
)
def test_precision_is_taken_over(said: str, precision: str) -> None:
    assert adapt(lightning(precision=said)).precision == precision


@pytest.mark.parametrize(("technique", "world"), [("single", 1), ("ddp", 2), ("fsdp", 2)])
def test_what_training_logs_is_averaged_like_the_loss(
    session: Session, technique: str, world: int
) -> None:
    spec = session.spec(lightning, f"logs-{technique}", accumulate_grad_batches=2)
    finish(session.train(spec, technique, world, steps=STEPS))
    losses = session.curve(spec, "loss")
    assert len(losses) == STEPS
    assert session.curve(spec, "train_loss") == pytest.approx(losses, abs=1e-6)
    alone = session.spec(lightning, "logs-single", accumulate_grad_batches=2)
    for name in ("loss", "grad_norm", "lr"):
        expected = session.curve(alone, name)
        assert session.curve(spec, name) == pytest.approx(expected, abs=1e-5), name

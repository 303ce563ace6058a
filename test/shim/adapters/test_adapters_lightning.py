"""A LightningModule that goes through this package trains what Lightning would train."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from adapter_tasks import STEPS, lightning
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.adapters import adapt
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from jupyterlab_saturn.training.task.data_order import TrainBatches
from jupyterlab_saturn.training.task.samples import Samples
from ranks import Session, finish

SEED = 7  # of the specs that the tests' session makes


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def alone(**params: Any) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """The weights and the validation that Lightning's own loop comes to, on the same samples."""
    import pytorch_lightning as pl

    task = adapt(lightning(**params))
    batches = TrainBatches(task, Samples(task.data, task.collate, SEED), SEED)
    order = [sample for step in range(STEPS) for sample in batches.indices(step)]
    # A schedule by epochs hangs on where they end: one epoch after another, as they are ordered.
    per_epoch = batches.steps_per_epoch * task.batch_size
    epochs = [order[start : start + per_epoch] for start in range(0, len(order), per_epoch)]
    seed_all(derive(SEED, "factory"))
    module, data, options = lightning(order=order, **params)
    data.setup("fit")

    class Epochs(pl.LightningDataModule):
        def train_dataloader(self) -> Any:
            samples = torch.utils.data.Subset(data.data, epochs[self.trainer.current_epoch])
            return torch.utils.data.DataLoader(samples, batch_size=4)

    trainer = pl.Trainer(
        **options, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, barebones=False,
        reload_dataloaders_every_n_epochs=1,
    )  # fmt: skip
    trainer.fit(module, Epochs())
    weights = {name: p.detach().clone() for name, p in module.named_parameters()}
    (metrics,) = trainer.validate(module, data.val_dataloader(), verbose=False)
    return weights, dict(metrics)


@pytest.mark.parametrize(
    ("technique", "world", "params"),
    [
        ("single", 1, {"interval": "epoch", "accumulate_grad_batches": 2}),
        ("ddp", 2, {"interval": "step"}),
        ("fsdp", 2, {"interval": "epoch", "accumulate_grad_batches": 2}),
    ],
)
def test_it_trains_and_validates_as_lightning_does(
    session: Session, technique: str, world: int, params: dict[str, Any]
) -> None:
    weights, metrics = alone(**params)
    spec = session.spec(lightning, f"lightning-{technique}", **params)
    result = finish(session.train(spec, technique, world, steps=STEPS))
    assert result["metrics"] == pytest.approx(metrics, rel=1e-4)
    for name, tensor in session.weights(spec).items():
        torch.testing.assert_close(tensor, weights[name], rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"kind": "manual"}, "optimizes by hand"),
        ({"kind": "two"}, "makes 2 optimizers"),
        ({"precision": "64-true"}, "bf16-mixed"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(params: dict[str, Any], words: str) -> None:
    with pytest.raises(SaturnError) as caught:
        adapt(lightning(**params))
    assert caught.value.code == "unsupported"
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("said", "precision"),
    [("32-true", "float32"), ("bf16-mixed", "bfloat16"), ("16-mixed", "float16")],
)
def test_precision_is_taken_over(said: str, precision: str) -> None:
    assert adapt(lightning(precision=said)).precision == precision


def test_what_is_left_out_is_told() -> None:
    task = adapt(lightning(strategy="ddp"))
    assert any("strategy" in said for said in task.remarks)
    assert any("on_train_epoch_start" in said for said in task.remarks)
    assert task.validate_every == 6

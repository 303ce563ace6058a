"""Functions that train by themselves, or return what does, small. They travel by value."""

from __future__ import annotations

import sys
from typing import Any

import cloudpickle

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def pause() -> None:
    """Make a step long enough to be told of."""
    import time

    time.sleep(0.15)


def trainer(kind: str = "plain", slow: bool = False, samples: int = 32, **changes: Any) -> Any:
    """A Trainer on a line with dropout in its data's way, as it is or of a class of its own."""
    import tempfile

    import torch
    from torch import nn
    from torch.utils.data import Dataset
    from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments

    class Line(Dataset[Any]):
        def __len__(self) -> int:
            return samples

        def __getitem__(self, place: int) -> Any:
            x = torch.tensor([place / 32, 1.0 - (place % 5) / 5])
            return {"x": x, "labels": x.sum() * 2}

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))

        def forward(self, x: Any, labels: Any = None) -> Any:
            if slow:
                pause()
            y = self.line(x).squeeze(-1)
            return {"loss": nn.functional.mse_loss(y, labels), "logits": y}

    class Adversarial(Trainer):
        """Trains on what is made worse on purpose."""

        def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
            model.train()
            inputs = self._prepare_inputs(inputs)
            x = inputs["x"].clone().requires_grad_(True)
            loss = self.compute_loss(model, {**inputs, "x": x})
            (slope,) = torch.autograd.grad(loss, x)
            worse = {**inputs, "x": (x + 0.1 * slope.sign()).detach()}
            loss = self.compute_loss(model, worse) / self.current_gradient_accumulation_steps
            self.accelerator.backward(loss)
            return loss.detach()

    class Pairs(Trainer):
        """As sentence-transformers does: its own loader, its own loss, no labels for the model."""

        def get_train_dataloader(self) -> Any:
            from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

            sampler = BatchSampler(SequentialSampler(range(samples)), 8, drop_last=True)
            loader = DataLoader(self.train_dataset, batch_sampler=sampler)
            self._train_dataloader = self.accelerator.prepare(loader)
            return self._train_dataloader

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            outputs = model(**inputs)
            loss = (outputs["logits"] - 1.0).pow(2).mean()
            return (loss, outputs) if return_outputs else loss

    class Contrast(Trainer):
        """Tells every sample from all others of its batch."""

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            outputs = model(**inputs)
            loss = -outputs["logits"].log_softmax(0).mean()
            return (loss, outputs) if return_outputs else loss

    class Noting(Trainer):
        """Every third gradient is a small one, by a count of its own."""

        calls = 0

        def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
            self.calls += 1
            loss = super().training_step(model, inputs, num_items_in_batch)
            if self.calls % 3 == 0:
                for parameter in model.parameters():
                    parameter.grad.mul_(0.1)
            return loss

    class Averaged(TrainerCallback):
        """Weights that are averaged over steps, and disturbed where epochs begin and end."""

        def __init__(self) -> None:
            self.mean: dict[str, Any] = {}

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            with torch.no_grad():
                given["model"].line[0].bias.add_(0.1)

        def on_epoch_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            with torch.no_grad():
                given["model"].line[2].bias.mul_(0.5)

        def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            for name, value in given["model"].named_parameters():
                before = self.mean.get(name, value.detach())
                self.mean[name] = 0.9 * before + 0.1 * value.detach()

        def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            with torch.no_grad():
                for name, value in given["model"].named_parameters():
                    value.copy_(self.mean[name])

    class Reading(TrainerCallback):
        """Takes from a generator, of which nobody knows where it is."""

        def __init__(self) -> None:
            self.numbers = (number for number in range(1000))

        def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            next(self.numbers)

    callbacks = {
        "noting": [Averaged],
        "reading": [Reading],
        "patient": [Averaged, lambda: EarlyStoppingCallback(1, early_stopping_threshold=10.0)],
    }
    options = {
        "output_dir": tempfile.mkdtemp(prefix="saturn-test-trainer-"),
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "num_train_epochs": 3,
        "learning_rate": 1e-2,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        **changes,
    }
    bad = options.pop("bad_metric", False)

    def compute_metrics(prediction: Any) -> dict[str, float]:
        if bad:
            raise KeyError("no such metric")
        return {"distance": float(abs(prediction.predictions - prediction.label_ids).mean())}

    kinds = {
        "adversarial": Adversarial,
        "pairs": Pairs,
        "contrast": Contrast,
        "noting": Noting,
    }
    return kinds.get(kind, Trainer)(
        model=Net(),
        args=TrainingArguments(**options),
        train_dataset=Line(),
        eval_dataset=Line(),
        compute_metrics=compute_metrics,
        callbacks=[make() for make in callbacks.get(kind, [])],
    )


def calls_train(**changes: Any) -> Any:
    """Trains a Trainer itself, as scripts do, and goes on after that."""
    made = trainer(**changes)
    output = made.train()
    assert output.global_step == made.state.max_steps
    return made.model


def noting(by_hand: bool = False, **options: Any) -> Any:
    """A LightningModule and a callback that note things in attributes, with more than one batch
    to a step."""
    import pytorch_lightning as pl
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    class Noting(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = not by_hand
            self.line = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.2), nn.Linear(4, 1))
            self.losses: list[Any] = []

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = self.line(batch[0]).pow(2).mean() * (1 + len(self.losses) / 10)
            self.losses.append(loss.detach())
            if by_hand:
                self.manual_backward(loss)
                if len(self.losses) % 3 == 0:
                    self.optimizers().step()
                    self.optimizers().zero_grad()
            return loss

        def on_train_epoch_start(self) -> None:
            with torch.no_grad():
                self.line[0].bias.add_(0.1)

        def on_train_epoch_end(self) -> None:
            with torch.no_grad():
                self.line[2].bias.add_(torch.stack(self.losses).mean())

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.log("size", self.line(batch[0]).abs().mean())

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=1e-2)

    class Averaged(pl.Callback):
        def __init__(self) -> None:
            self.mean: dict[str, Any] = {}

        def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
            for name, value in module.named_parameters():
                before = self.mean.get(name, value.detach())
                self.mean[name] = 0.9 * before + 0.1 * value.detach()

        def on_train_end(self, trainer: Any, module: Any) -> None:
            with torch.no_grad():
                for name, value in module.named_parameters():
                    value.copy_(self.mean[name])

    points = TensorDataset(torch.randn(24, 2))
    trainer = pl.Trainer(
        max_epochs=3,
        callbacks=[Averaged()],
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
        **options,
    )
    return Noting(), trainer, DataLoader(points, 4, shuffle=True), DataLoader(points, 8)


def gan(
    shape: str = "module-trainer",
    slow: bool = False,
    samples: int = 32,
    dropout: float = 0.1,
    **options: Any,
) -> Any:
    """A tiny GAN in Lightning, which optimises by hand, on points of a circle.

    Parameters
    ----------
    shape
        In which of the ways that people return it.
    """
    import pytorch_lightning as pl
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    class Gan(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.maker = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
            self.judge = nn.Sequential(
                nn.Linear(2, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1)
            )
            self.average = nn.Linear(1, 1)

        def training_step(self, batch: Any, batch_idx: int) -> None:
            if slow:
                pause()
            (points,) = batch
            for_maker, for_judge = self.optimizers()
            made = self.maker(points.flip(1))
            loss = nn.functional.softplus(-self.judge(made)).mean()
            for_maker.zero_grad()
            self.manual_backward(loss)
            for_maker.step()
            seen = nn.functional.softplus(-self.judge(points)).mean()
            seen = seen + nn.functional.softplus(self.judge(made.detach())).mean()
            for_judge.zero_grad()
            self.manual_backward(seen)
            for_judge.step()
            self.log("maker_loss", loss)

        def on_train_batch_end(self, *_: Any) -> None:
            with torch.no_grad():
                self.average.weight.mul_(0.9).add_(self.judge[0].weight.mean(), alpha=0.1)

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.log("distance", (self.maker(batch[0]).norm(dim=1) - 1).abs().mean())

        def configure_optimizers(self) -> Any:
            maker = torch.optim.Adam(self.maker.parameters(), lr=1e-2)
            return [maker, torch.optim.Adam(self.judge.parameters(), lr=1e-2)], []

    turns = torch.arange(samples) * (6.28 / samples)
    points = TensorDataset(torch.stack([turns.cos(), turns.sin()], dim=1))
    loaders = [DataLoader(points, 8, shuffle=True), DataLoader(points, 8)]

    class Data(pl.LightningDataModule):
        def train_dataloader(self) -> Any:
            return loaders[0]

        def val_dataloader(self) -> Any:
            return loaders[1]

    made = pl.Trainer(
        max_epochs=3,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
        **options,
    )
    match shape:
        case "module-trainer":
            module = Gan()
            module.train_dataloader, module.val_dataloader = (lambda: loaders[0]), None
            return module, made
        case "trainer-module-loaders":
            return made, Gan(), *loaders
        case "module-data-trainer":
            return Gan(), Data(), made
        case "fits":
            module = Gan()
            made.fit(module, *loaders)
            return module.state_dict()
    raise ValueError(shape)


def plain(slow: bool = False, epochs: int = 3, saves: bool = True, **options: Any) -> Any:
    """A loop over a DataLoader that shuffles, with dropout and an average beside the model."""
    import jupyterlab_saturn as saturn
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    x = torch.arange(20.0).reshape(20, 1) / 20
    loader = DataLoader(TensorDataset(x, 2 * x + 1), 4, shuffle=True, **options)
    model = nn.Sequential(nn.Linear(1, 16), nn.Dropout(0.2), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    saved = saturn.restore()
    if saved is not None:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
    for inputs, targets in saturn.steps(loader, epochs=epochs):
        if slow:
            pause()
        loss = (model(inputs) - targets).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        saturn.report(loss=loss)
        if saves:
            saturn.checkpoint({"model": model, "optimizer": optimizer})
    saturn.report(distance=loss)
    return model


def generated(**options: Any) -> Any:
    """The same, its order drawn by a generator of its own."""
    import torch

    return plain(generator=torch.Generator().manual_seed(3), **options)


def accelerated(slow: bool = False) -> Any:
    """A script with accelerate, as its documentation has them."""
    import jupyterlab_saturn as saturn
    import torch
    from accelerate import Accelerator
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    accelerator = Accelerator()
    x = torch.arange(16.0).reshape(16, 1) / 16
    loader = DataLoader(TensorDataset(x, 2 * x + 1), 4, shuffle=True)
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 4, 0.5)
    model, optimizer, loader, schedule = accelerator.prepare(model, optimizer, loader, schedule)
    for inputs, targets in saturn.steps(loader, epochs=3):
        if slow:
            pause()
        loss = nn.functional.mse_loss(model(inputs), targets)
        accelerator.backward(loss)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        saturn.report(loss=loss)
    return accelerator.unwrap_model(model)


def piece(seconds: float = 0.0) -> None:
    """Trains without a word."""
    import time

    import torch

    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for _ in range(3):
        weight.pow(2).backward()
        optimizer.step()
        time.sleep(seconds)


def fails() -> None:
    """Fails in its loop."""
    import jupyterlab_saturn as saturn

    for number in saturn.steps(range(5)):
        if number == 2:
            raise KeyError("the third")


def nested() -> None:
    """Goes through a loader in each pass of a loop of its own."""
    import jupyterlab_saturn as saturn

    for _ in range(3):
        for _ in saturn.steps(range(5)):
            pass


def collective() -> Any:
    """Divides its batches by itself, as scripts for torchrun do."""
    import os

    import jupyterlab_saturn as saturn
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    alone = "RANK" not in os.environ
    rank, world = (0, 1) if alone else (int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    if not alone:
        dist.init_process_group("gloo")
    model = torch.nn.Linear(1, 1)
    trained = model if alone else DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.arange(8.0).reshape(8, 1) / 8
    for _ in saturn.steps(range(5), distributed=True):
        mine = x[rank::world]
        loss = (trained(mine) - 3 * mine).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        saturn.report(loss=loss)
    if not alone:
        dist.destroy_process_group()
    return model.state_dict()

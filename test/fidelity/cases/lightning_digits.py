"""Lightning digits: a datamodule, a Trainer that clips and accumulates, torchmetrics accuracy."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, by_lightning, quiet_trainer
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LEFT_OUT = {"pipeline": "its own evaluation is given the whole model"}


def factory() -> Any:
    import pytorch_lightning as pl
    import torchmetrics

    class Digits(pl.LightningDataModule):
        def setup(self, stage: str) -> None:
            drawn = torch.Generator().manual_seed(2)
            images = torch.randn(39, 1, 6, 6, generator=drawn)
            self.data = TensorDataset(images, torch.randint(0, 3, (39,), generator=drawn))

        def train_dataloader(self) -> Any:
            return DataLoader(torch.utils.data.Subset(self.data, range(24)), batch_size=4)

        def val_dataloader(self) -> Any:
            return DataLoader(torch.utils.data.Subset(self.data, range(24, 39)), batch_size=4)

    class Classifier(pl.LightningModule):
        def __init__(self, rate: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.Tanh(), nn.Linear(8, 3))
            self.accuracy = torchmetrics.Accuracy(task="multiclass", num_classes=3)

        def training_step(self, batch: Any, _: int) -> Any:
            return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

        def validation_step(self, batch: Any, _: int) -> None:
            found = self.net(batch[0])
            self.accuracy(found, batch[1])
            self.log("val_acc", self.accuracy)
            self.log("val_loss", nn.functional.cross_entropy(found, batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams["rate"], momentum=0.9)

    trainer = quiet_trainer(max_epochs=2, accumulate_grad_batches=2, gradient_clip_val=0.3)
    return Classifier(), Digits(), trainer


def direct() -> Direct:
    module, data, trainer = factory()
    return by_lightning(module, trainer, data)

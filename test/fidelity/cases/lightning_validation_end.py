"""Lightning: F1 by torchmetrics, a metric made at the end of validation, a loss that anneals."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, by_lightning, quiet_trainer
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LEFT_OUT = {"pipeline": "its own evaluation is given the whole model"}

LIKE = "lightning_digits"


def factory() -> Any:
    import pytorch_lightning as pl
    import torchmetrics

    class Classifier(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
            self.f1 = torchmetrics.classification.MulticlassF1Score(3, average="macro")
            self.seen: list[Any] = []

        def training_step(self, batch: Any, _: int) -> Any:
            share = min(1.0, 0.2 + self.current_epoch / 2)
            return share * nn.functional.cross_entropy(self.net(batch[0]), batch[1])

        def validation_step(self, batch: Any, _: int) -> None:
            found = self.net(batch[0]).argmax(1)
            self.f1(found, batch[1])
            self.log("f1", self.f1)
            self.seen.append(found)

        def on_validation_epoch_end(self) -> None:
            self.log("share_of_0", (torch.cat(self.seen) == 0).float().mean())
            self.seen.clear()

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
            total = int(self.trainer.estimated_stepping_batches)
            rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=total)
            return [optimizer], [{"scheduler": rate, "interval": "step"}]

    data = TensorDataset(torch.randn(32, 6), torch.randint(0, 3, (32,)))
    held_out = TensorDataset(torch.randn(23, 6), torch.randint(0, 3, (23,)))
    loaders = DataLoader(data, batch_size=8), DataLoader(held_out, batch_size=7)
    return quiet_trainer(max_epochs=3), Classifier(), *loaders


def direct() -> Direct:
    trainer, module, *loaders = factory()
    return by_lightning(module, trainer, *loaders)

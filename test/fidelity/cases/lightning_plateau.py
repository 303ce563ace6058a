"""Lightning: EarlyStopping, and a ReduceLROnPlateau that monitors the validation loss."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, by_lightning, quiet_trainer
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LEFT_OUT = {"pipeline": "its own evaluation is given the whole model"}


def factory() -> Any:
    import pytorch_lightning as pl

    class Regression(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))

        def training_step(self, batch: Any, _: int) -> Any:
            return nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def validation_step(self, batch: Any, _: int) -> None:
            self.log("val_loss", nn.functional.mse_loss(self.net(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.Adam(self.parameters(), lr=0.05)
            rate = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=0)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": rate, "monitor": "val_loss"},
            }

    data = TensorDataset(torch.randn(16, 6), torch.randn(16, 1))
    held_out = TensorDataset(torch.randn(10, 6), torch.randn(10, 1))
    stopping = pl.callbacks.EarlyStopping("val_loss", patience=2)
    trainer = quiet_trainer(max_epochs=12, callbacks=[stopping])
    return Regression(), DataLoader(data, batch_size=4), DataLoader(held_out, batch_size=4), trainer


def direct() -> Direct:
    module, *loaders, trainer = factory()
    found = by_lightning(module, trainer, *loaders)
    assert trainer.current_epoch < 12, "it would not stop"
    return found

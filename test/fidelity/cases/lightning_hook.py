"""A LightningModule with a hook that the one training loop does not call."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import quiet_trainer
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

NATIVE = "its own on_train_epoch_end"


def factory() -> Any:
    import pytorch_lightning as pl

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(4, 1)

        def training_step(self, batch: Any, _: int) -> Any:
            return nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

        def on_train_epoch_end(self) -> None:
            self.net.weight.data.clamp_(-1, 1)

    data = TensorDataset(torch.randn(16, 4), torch.randn(16, 1))
    return Module(), DataLoader(data, batch_size=4), quiet_trainer(max_epochs=1)

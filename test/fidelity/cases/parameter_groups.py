"""An optimizer that exists, with groups: a slower backbone, and no decay of norms and biases."""

from __future__ import annotations

from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Tanh())
        self.head = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.backbone(x))


def parts() -> tuple[Any, ...]:
    model = Net()
    backbone = list(model.backbone.parameters())
    groups = [
        {"params": [p for p in backbone if p.ndim > 1], "lr": 1e-3, "weight_decay": 0.3},
        {"params": [p for p in backbone if p.ndim < 2], "lr": 1e-3, "weight_decay": 0.0},
        {"params": model.head.parameters()},
    ]
    data = TensorDataset(torch.randn(32, 6), torch.randint(0, 3, (32,)))
    optimizer = torch.optim.AdamW(groups, lr=5e-2, betas=(0.8, 0.95))
    return model, DataLoader(data, batch_size=8), nn.CrossEntropyLoss(), optimizer


def factory() -> Task:
    return Task(*parts(), epochs=3)


def direct() -> Direct:
    model, loader, loss, optimizer = parts()
    return Direct(model.state_dict(), {}, loop(model, loader, loss, optimizer, 3))

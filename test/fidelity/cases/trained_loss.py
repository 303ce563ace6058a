"""A loss with parameters of its own, such as ArcFace: they belong to nobody's optimizer."""

from __future__ import annotations

from typing import Any

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset

REFUSED = "that is not the model's"


class Margin(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(3, 4))

    def forward(self, outputs: Any, targets: Any) -> Any:
        return functional.cross_entropy(outputs @ self.centres.T, targets)


def factory() -> Task:
    margin = Margin()
    return Task(
        model=nn.Linear(6, 4),
        data=TensorDataset(torch.randn(32, 6), torch.randint(0, 3, (32,))),
        loss=lambda outputs, targets: margin(outputs, targets),
        optimizer=torch.optim.Adam,
        batch_size=8,
    )

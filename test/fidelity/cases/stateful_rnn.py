"""A recurrent network that begins each batch where the last one ended."""

from __future__ import annotations

from typing import Any

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import TensorDataset

REFUSED = "the model's hidden remembers earlier batches"


class Stateful(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(6, 8, batch_first=True)
        self.last = nn.Linear(8, 2)
        self.hidden: Any = None

    def forward(self, x: Any) -> Any:
        found, (h, c) = self.cell(x, self.hidden)
        self.hidden = h.detach(), c.detach()
        return self.last(found[:, -1])


def factory() -> Task:
    return Task(
        model=Stateful(),
        data=TensorDataset(torch.randn(32, 5, 6), torch.randint(0, 2, (32,))),
        loss=nn.CrossEntropyLoss(),
        optimizer=torch.optim.Adam,
        batch_size=8,
    )

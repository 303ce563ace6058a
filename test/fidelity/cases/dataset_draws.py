"""A dataset that adds noise to every third sample only, and augments by NumPy and random."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import numpy
import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import Dataset

ALIKE = True


class Noisy(Dataset[Any]):
    def __init__(self) -> None:
        self.inputs, self.targets = torch.randn(32, 6), torch.randn(32, 1)

    def __len__(self) -> int:
        return 32

    def __getitem__(self, row: int) -> Any:
        x = self.inputs[row]
        if row % 3 == 1:
            x = x + torch.randn(6)
        if row % 5 == 2 and random.random() < 0.5:
            x = x.flip(0) * float(numpy.random.rand())
        return x, self.targets[row]


def factory() -> Task:
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
    return Task(
        model, Noisy(), nn.MSELoss(), partial(torch.optim.SGD, lr=0.1), batch_size=8, epochs=3
    )

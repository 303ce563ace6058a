"""A collate_fn that draws: a part of the inputs is masked anew in each batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, default_collate

ALIKE = True


def masked(samples: list[Any]) -> Any:
    inputs, targets = default_collate(samples)
    return inputs * (torch.rand_like(inputs) > 0.3), targets


def factory() -> Task:
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
    data = TensorDataset(torch.randn(32, 6), torch.randn(32, 1))
    loader = DataLoader(data, batch_size=8, shuffle=True, collate_fn=masked)
    return Task(model, loader, nn.MSELoss(), partial(torch.optim.SGD, lr=0.1), epochs=3)

"""A part of the data by a SubsetRandomSampler, the last incomplete batch left out."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
    data = TensorDataset(torch.randn(60, 5), torch.randn(60, 1))
    train = SubsetRandomSampler(range(0, 60, 2), generator=torch.Generator().manual_seed(5))
    loader = DataLoader(data, batch_size=8, sampler=train, drop_last=True)
    return model, loader, TensorDataset(*data[1::2])


def factory() -> Task:
    model, loader, held_out = parts()
    return Task(model, loader, nn.MSELoss(), SGD, epochs=3, eval_data=held_out)


def direct() -> Direct:
    model, loader, held_out = parts()
    steps = loop(model, loader, nn.MSELoss(), SGD(model.parameters()), 3)
    inputs, targets = held_out[:]
    loss = nn.functional.mse_loss(answers(model, inputs), targets)
    return Direct(model.state_dict(), {"loss": float(loss)}, steps)

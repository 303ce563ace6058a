"""Class-weighted cross entropy, for classes that are rare."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.5)


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    data = TensorDataset(torch.randn(40, 4), (torch.rand(40) < 0.2).long())
    return model, DataLoader(data, batch_size=8), nn.CrossEntropyLoss(torch.tensor([1.0, 9.0]))


def factory() -> Task:
    model, loader, loss = parts()
    return Task(
        model=model, data=loader, loss=loss, optimizer=SGD, epochs=4, eval_data=loader.dataset
    )


def direct() -> Direct:
    model, loader, loss = parts()
    steps = loop(model, loader, loss, SGD(model.parameters()), 4)
    inputs, targets = loader.dataset[:]
    return Direct(model.state_dict(), {"loss": float(loss(answers(model, inputs), targets))}, steps)

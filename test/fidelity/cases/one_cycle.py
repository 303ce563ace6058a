"""OneCycleLR, which must know how many steps there are, and momentum that it cycles."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    data = TensorDataset(torch.randn(32, 6), torch.randint(0, 3, (32,)))
    return model, DataLoader(data, batch_size=8), nn.CrossEntropyLoss()


def cycle(optimizer: Any, steps: int) -> Any:
    return OneCycleLR(optimizer, max_lr=0.5, total_steps=steps)


def factory() -> Task:
    return Task(*parts(), SGD, schedule=cycle, epochs=3)


def direct() -> Direct:
    model, loader, loss = parts()
    optimizer = SGD(model.parameters())
    rate = cycle(optimizer, 12)
    return Direct(
        model.state_dict(), {}, loop(model, loader, loss, optimizer, 3, after_step=rate.step)
    )

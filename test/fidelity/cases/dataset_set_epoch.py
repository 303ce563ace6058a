"""A curriculum: a dataset with a set_epoch, whose samples grow harder"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

SGD = partial(torch.optim.SGD, lr=0.1)


class Harder(Dataset[Any]):
    def __init__(self) -> None:
        self.x = torch.randn(24, 6)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> Any:
        return self.x[index] * (1 + self.epoch), index % 3


def parts() -> tuple[nn.Module, DataLoader[Any], Harder]:
    data = Harder()
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))
    return model, DataLoader(Subset(data, range(20)), batch_size=4), data


def factory() -> Task:
    model, loader, _ = parts()
    return Task(model, loader, nn.CrossEntropyLoss(), SGD, epochs=3)


def direct() -> Direct:
    model, loader, data = parts()
    optimizer = SGD(model.parameters())
    steps = 0
    for epoch in range(3):
        data.set_epoch(epoch)
        steps += loop(model, loader, nn.CrossEntropyLoss(), optimizer, 1)
    return Direct(model.state_dict(), steps=steps)

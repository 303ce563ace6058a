"""A teacher that follows its student: parameters that no optimizer sees, changed in the forward."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.1)
LEFT_OUT = {"fsdp": "the forward changes teacher"}


class Student(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(4, 4)
        self.teacher = copy.deepcopy(self.net).requires_grad_(False)

    def forward(self, x: Any) -> Any:
        if self.training:
            with torch.no_grad():
                for old, new in zip(self.teacher.parameters(), self.net.parameters(), strict=True):
                    old.mul_(0.9).add_(new, alpha=0.1)
        return self.net(x) - self.teacher(x)


def parts() -> tuple[Any, ...]:
    data = TensorDataset(torch.randn(32, 4), torch.randn(32, 4))
    return Student(), DataLoader(data, batch_size=8)


def factory() -> Task:
    model, loader = parts()
    return Task(model=model, data=loader, loss=nn.MSELoss(), optimizer=SGD, epochs=3)


def direct() -> Direct:
    model, loader = parts()
    steps = loop(model, loader, nn.MSELoss(), SGD(model.parameters()), 3)
    return Direct(model.state_dict(), {}, steps)

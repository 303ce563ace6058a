"""A module whose state is more than tensors: get_extra_state returns a dict."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.1)


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(6, 3)
        self.settings = {"scale": 2.0, "names": ["a", "b"]}

    def forward(self, x: Any) -> Any:
        return self.net(x) * self.settings["scale"]

    def get_extra_state(self) -> Any:
        return self.settings

    def set_extra_state(self, state: Any) -> None:
        self.settings = state


def parts() -> tuple[Any, ...]:
    data = TensorDataset(torch.randn(32, 6), torch.randint(0, 3, (32,)))
    return Scaled(), DataLoader(data, batch_size=8)


def factory() -> Task:
    model, loader = parts()
    return Task(model=model, data=loader, loss=nn.CrossEntropyLoss(), optimizer=SGD, epochs=2)


def direct() -> Direct:
    model, loader = parts()
    steps = loop(model, loader, nn.CrossEntropyLoss(), SGD(model.parameters()), 2)
    return Direct(model.state_dict(), {}, steps)

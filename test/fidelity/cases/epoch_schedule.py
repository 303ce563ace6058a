"""PyTorch's MNIST example: a StepLR that its script steps once an epoch."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

ADADELTA = partial(torch.optim.Adadelta, lr=1.0)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.last = nn.Linear(4 * 36, 10)

    def forward(self, x: Any) -> Any:
        return functional.log_softmax(self.last(torch.relu(self.conv(x)).flatten(1)), dim=1)


def parts() -> tuple[Any, ...]:
    data = TensorDataset(torch.randn(30, 1, 8, 8), torch.randint(0, 10, (30,)))
    return Net(), DataLoader(data, batch_size=8)


def factory() -> Task:
    model, loader = parts()
    return Task(
        model=model,
        data=loader,
        loss=functional.nll_loss,
        optimizer=ADADELTA,
        schedule=lambda optimizer, _: StepLR(optimizer, step_size=1, gamma=0.7),
        schedule_every="epoch",
        epochs=4,
    )


def direct() -> Direct:
    model, loader = parts()
    optimizer = ADADELTA(model.parameters())
    rate = StepLR(optimizer, step_size=1, gamma=0.7)
    steps = loop(model, loader, functional.nll_loss, optimizer, 4, after_epoch=rate.step)
    return Direct(model.state_dict(), {}, steps)

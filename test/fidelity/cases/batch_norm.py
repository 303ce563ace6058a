"""A small ResNet-like network with batch normalisation: statistics of the whole batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Any) -> Any:
        return x + torch.relu(self.norm(self.conv(x)))


def accuracy(outputs: Any, targets: Any) -> Any:
    return (outputs.argmax(1) == targets).float().mean()


def parts() -> tuple[Any, ...]:
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    stem = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    model = nn.Sequential(stem, nn.Sequential(Block(), Block()), head)
    data = TensorDataset(torch.randn(44, 1, 8, 8), torch.randint(0, 3, (44,)))
    held_out = TensorDataset(torch.randn(21, 1, 8, 8), torch.randint(0, 3, (21,)))
    return model, DataLoader(data, batch_size=8), held_out


def factory() -> Task:
    model, loader, held_out = parts()
    return Task(
        model=model,
        data=loader,
        loss=nn.CrossEntropyLoss(),
        optimizer=SGD,
        epochs=3,
        eval_data=held_out,
        metrics={"accuracy": accuracy},
    )


def direct() -> Direct:
    model, loader, held_out = parts()
    loss = nn.CrossEntropyLoss()
    steps = loop(model, loader, loss, SGD(model.parameters()), 3)
    inputs, targets = held_out[:]
    found = answers(model, inputs)
    metrics = {"loss": float(loss(found, targets)), "accuracy": float(accuracy(found, targets))}
    return Direct(model.state_dict(), metrics, steps)

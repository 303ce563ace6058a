"""Transfer learning: a frozen backbone with BatchNorm, a new head, images and a StepLR."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU())
        self.fc = nn.Linear(6, 2)

    def forward(self, x: Any) -> Any:
        return self.fc(self.backbone(x).mean((2, 3)))


def parts() -> tuple[Any, ...]:
    model = Net()
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    data = TensorDataset(torch.randn(24, 3, 6, 6), torch.randint(0, 2, (24,)))
    held_out = TensorDataset(torch.randn(11, 3, 6, 6), torch.randint(0, 2, (11,)))
    return model, DataLoader(data, batch_size=8), held_out


def accuracy(outputs: Any, targets: Any) -> Any:
    return (outputs.argmax(1) == targets).double().mean()


def factory() -> Task:
    model, loader, held_out = parts()
    return Task(
        model, loader, nn.CrossEntropyLoss(), SGD, epochs=3, eval_data=held_out,
        schedule=lambda made, _: StepLR(made, 1, gamma=0.5), schedule_every="epoch",
        metrics={"accuracy": accuracy}, best="accuracy:max",
    )  # fmt: skip


def direct() -> Direct:
    model, loader, held_out = parts()
    loss, optimizer = nn.CrossEntropyLoss(), SGD(model.fc.parameters())
    rate = StepLR(optimizer, 1, gamma=0.5)
    steps = loop(model, loader, loss, optimizer, 3, after_epoch=rate.step)
    inputs, targets = held_out[:]
    found = answers(model, inputs)
    metrics = {"loss": float(loss(found, targets)), "accuracy": float(accuracy(found, targets))}
    return Direct(model.state_dict(), metrics, steps)

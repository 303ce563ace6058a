"""ReduceLROnPlateau, told of the validation loss after each epoch."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.3)


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
    data = TensorDataset(torch.randn(32, 6), torch.randn(32, 1))
    return (
        model,
        DataLoader(data, batch_size=8),
        TensorDataset(torch.randn(9, 6), torch.randn(9, 1)),
    )


def plateau(optimizer: Any, _: int = 0) -> Any:
    return ReduceLROnPlateau(optimizer, patience=0, factor=0.3)


def factory() -> Task:
    model, loader, held_out = parts()
    return Task(
        model=model,
        data=loader,
        loss=nn.MSELoss(),
        optimizer=SGD,
        schedule=plateau,
        eval_data=held_out,
        validate_every=4,
        epochs=6,
    )


def direct() -> Direct:
    model, loader, held_out = parts()
    loss, optimizer = nn.MSELoss(), SGD(model.parameters())
    rate = plateau(optimizer)
    inputs, targets = held_out[:]

    def validate() -> None:
        rate.step(loss(answers(model, inputs), targets))

    steps = loop(model, loader, loss, optimizer, 6, after_epoch=validate)
    assert optimizer.param_groups[0]["lr"] < 0.3, "nothing would be tried"
    return Direct(model.state_dict(), {"loss": float(loss(answers(model, inputs), targets))}, steps)

"""The model of the best epoch is kept, not the last: overfitting on little data."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ADAM = partial(torch.optim.Adam, lr=0.05)


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
    inputs, held_out = torch.randn(16, 6), torch.randn(20, 6)
    data = TensorDataset(inputs, inputs[:, :1] + torch.randn(16, 1))
    return model, DataLoader(data, batch_size=4), TensorDataset(held_out, held_out[:, :1])


def factory() -> Task:
    model, loader, held_out = parts()
    return Task(
        model=model,
        data=loader,
        loss=nn.MSELoss(),
        optimizer=ADAM,
        eval_data=held_out,
        validate_every=4,
        best="loss:min",
        keep_best=True,
        epochs=8,
    )


def direct() -> Direct:
    model, loader, held_out = parts()
    loss = nn.MSELoss()
    inputs, targets = held_out[:]
    found: list[tuple[float, Any]] = []

    def validate() -> None:
        value = float(loss(answers(model, inputs), targets))
        found.append((value, copy.deepcopy(model.state_dict())))

    steps = loop(model, loader, loss, ADAM(model.parameters()), 8, after_epoch=validate)
    value, weights = min(found, key=lambda each: each[0])
    assert value < found[-1][0], "the last would be the best"
    return Direct(weights, {"loss": value}, steps)

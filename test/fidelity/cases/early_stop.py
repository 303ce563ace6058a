"""A rule that ends the training when the validation loss rises twice in a row."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ADAM = partial(torch.optim.Adam, lr=0.05)


class Enough(Exception):
    pass


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
    inputs, held_out = torch.randn(16, 6), torch.randn(20, 6)
    data = TensorDataset(inputs, inputs[:, :1] + torch.randn(16, 1))
    return model, DataLoader(data, batch_size=4), TensorDataset(held_out, held_out[:, :1])


def rises(history: Any) -> bool:
    losses = [each["loss"] for each in history]
    return len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]


def factory() -> Task:
    model, loader, held_out = parts()
    return Task(
        model=model,
        data=loader,
        loss=nn.MSELoss(),
        optimizer=ADAM,
        eval_data=held_out,
        validate_every=4,
        stop_early=rises,
        epochs=20,
    )


def direct() -> Direct:
    model, loader, held_out = parts()
    loss = nn.MSELoss()
    inputs, targets = held_out[:]
    history: list[dict[str, float]] = []

    def validate() -> None:
        history.append({"loss": float(loss(answers(model, inputs), targets))})
        if rises(history):
            raise Enough

    try:
        loop(model, loader, loss, ADAM(model.parameters()), 20, after_epoch=validate)
        raise AssertionError("nothing would be tried")
    except Enough:
        return Direct(model.state_dict(), history[-1])

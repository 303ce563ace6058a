"""The last batch of an epoch is smaller, and is trained on: 30 samples by 8."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, answers, loop
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ADAM = partial(torch.optim.Adam, lr=1e-2)


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2))
    data = TensorDataset(torch.randn(30, 5), torch.randint(0, 2, (30,)))
    held_out = TensorDataset(torch.randn(37, 5), torch.randint(0, 2, (37,)))
    return model, DataLoader(data, batch_size=8), DataLoader(held_out, batch_size=8)


def factory() -> Any:
    model, train, held_out = parts()
    return model, train, held_out, nn.CrossEntropyLoss(), ADAM(model.parameters())


def direct() -> Direct:
    model, train, held_out = parts()
    loss = nn.CrossEntropyLoss()
    steps = loop(model, train, loss, ADAM(model.parameters()), 1)
    inputs, targets = held_out.dataset[:]
    return Direct(model.state_dict(), {"loss": float(loss(answers(model, inputs), targets))}, steps)

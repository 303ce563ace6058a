"""Rare classes are drawn more often: a WeightedRandomSampler with a generator of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

SGD = partial(torch.optim.SGD, lr=0.2)


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2))
    labels = (torch.arange(40) % 8 == 0).long()
    weights = torch.tensor([1.0, 7.0])[labels].tolist()
    drawn = torch.Generator().manual_seed(3)
    sampler = WeightedRandomSampler(weights, 40, generator=drawn)
    return model, DataLoader(TensorDataset(torch.randn(40, 6), labels), 8, sampler=sampler)


def factory() -> Task:
    model, loader = parts()
    return Task(model, loader, nn.CrossEntropyLoss(), SGD, epochs=3)


def direct() -> Direct:
    model, loader = parts()
    steps = loop(model, loader, nn.CrossEntropyLoss(), SGD(model.parameters()), 3)
    return Direct(model.state_dict(), {}, steps)

"""Token classification with padding, in micro-batches: a mean over tokens, not over samples."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

ADAM = partial(torch.optim.AdamW, lr=1e-2)


def loss(outputs: Any, targets: Any) -> Any:
    return functional.cross_entropy(outputs.view(-1, 5), targets.view(-1))


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Embedding(30, 16), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 5))
    words, labels = torch.randint(0, 30, (48, 10)), torch.randint(0, 5, (48, 10))
    for row, length in enumerate(torch.randint(1, 11, (48,)).tolist()):
        labels[row, length:] = -100
    return model, DataLoader(TensorDataset(words, labels), batch_size=8)


def factory() -> Task:
    model, loader = parts()
    return Task(model=model, data=loader, loss=loss, optimizer=ADAM, epochs=2, micro_batches=4)


def direct() -> Direct:
    model, loader = parts()
    return Direct(model.state_dict(), {}, loop(model, loader, loss, ADAM(model.parameters()), 2))

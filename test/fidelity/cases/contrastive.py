"""A contrastive loss: every sample is compared with all others of its batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

SGD = partial(torch.optim.SGD, lr=0.1)
LEFT_OUT = {"ddp": "a batch cannot be cut", "fsdp": "a batch cannot be cut"}


def loss(outputs: Any, targets: Any) -> Any:
    scores = functional.normalize(outputs) @ functional.normalize(targets).T / 0.1
    return functional.cross_entropy(scores, torch.arange(len(scores)))


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4))
    return model, DataLoader(TensorDataset(torch.randn(32, 6), torch.randn(32, 4)), batch_size=8)


def factory() -> Task:
    model, loader = parts()
    return Task(model=model, data=loader, loss=loss, optimizer=SGD, epochs=3)


def direct() -> Direct:
    model, loader = parts()
    return Direct(model.state_dict(), {}, loop(model, loader, loss, SGD(model.parameters()), 3))

"""One bad point of a sweep: a OneCycleLR with a share above one."""

from __future__ import annotations

from functools import partial

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import TensorDataset

REFUSED = "pct_start"


def factory() -> Task:
    return Task(
        model=nn.Linear(4, 1),
        data=TensorDataset(torch.randn(16, 4), torch.randn(16, 1)),
        loss=nn.MSELoss(),
        optimizer=partial(torch.optim.SGD, lr=0.1),
        schedule=lambda made, steps: OneCycleLR(made, 0.1, total_steps=steps, pct_start=2.0),
        batch_size=4,
    )

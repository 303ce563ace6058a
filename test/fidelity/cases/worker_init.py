"""Workers that are set up by a worker_init_fn: which samples they load depends on the devices."""

from __future__ import annotations

from functools import partial

import numpy
import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

REFUSED = "worker_init_fn"


def factory() -> Task:
    data = TensorDataset(torch.randn(16, 4), torch.randn(16, 1))
    loader = DataLoader(data, batch_size=4, num_workers=2, worker_init_fn=numpy.random.seed)
    return Task(nn.Linear(4, 1), loader, nn.MSELoss(), partial(torch.optim.SGD, lr=0.1))

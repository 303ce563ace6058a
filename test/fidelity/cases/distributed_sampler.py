"""A script for torchrun: its sampler deals the samples out to devices."""

from __future__ import annotations

from functools import partial

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

REFUSED = "DistributedSampler"


def factory() -> Task:
    data = TensorDataset(torch.randn(16, 4), torch.randn(16, 1))
    sampler = DistributedSampler(data, num_replicas=2, rank=0)
    loader = DataLoader(data, batch_size=4, sampler=sampler)
    return Task(nn.Linear(4, 1), loader, nn.MSELoss(), partial(torch.optim.SGD, lr=0.1))

"""A dataset that streams: no length, no index."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

REFUSED = "iterates over a Stream"


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        for _ in range(16):
            yield torch.randn(4), torch.randn(1)


def factory() -> Task:
    loader = DataLoader(Stream(), batch_size=4)
    return Task(nn.Linear(4, 1), loader, nn.MSELoss(), partial(torch.optim.SGD, lr=0.1))

"""Sentences of one length together: a batch sampler of the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, SequentialSampler

ADAM = partial(torch.optim.Adam, lr=1e-2)


class Sentences(Dataset[Any]):
    def __init__(self) -> None:
        self.words = [torch.randint(0, 20, (3 + row % 4,)) for row in range(32)]

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, row: int) -> Any:
        return self.words[row], self.words[row].sum() % 3


class ByLength(BatchSampler):
    def __init__(self, data: Sentences, batch_size: int) -> None:
        super().__init__(SequentialSampler(data), batch_size, drop_last=False)
        self.lengths = [len(words) for words in data.words]

    def __iter__(self) -> Iterator[list[int]]:
        rows = sorted(self.sampler, key=lambda row: self.lengths[row])
        for first in range(0, len(rows), self.batch_size):
            yield rows[first : first + self.batch_size]


def parts() -> tuple[Any, ...]:
    model = nn.Sequential(nn.EmbeddingBag(20, 8), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))
    data = Sentences()
    return model, DataLoader(data, batch_sampler=ByLength(data, 4))


def factory() -> Task:
    model, loader = parts()
    return Task(model, loader, nn.CrossEntropyLoss(), ADAM, epochs=2)


def direct() -> Direct:
    model, loader = parts()
    steps = loop(model, loader, nn.CrossEntropyLoss(), ADAM(model.parameters()), 2)
    return Direct(model.state_dict(), {}, steps)

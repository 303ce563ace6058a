"""A language model by hand: a tied last layer, decay by dimension, nanoGPT's rate."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from fidelity_case import Direct, loop
from jupyterlab_saturn.task import Task
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset

ADAM = partial(torch.optim.AdamW, lr=1e-2, betas=(0.9, 0.95))
STEPS = 6


class Text(Dataset[Any]):
    def __init__(self) -> None:
        self.letters = torch.randint(0, 40, (16 * 9 + 1,))

    def __len__(self) -> int:
        return 16

    def __getitem__(self, row: int) -> Any:
        start = row * 9
        return self.letters[start : start + 9], self.letters[start + 1 : start + 10]


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.mix = nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        seen = torch.cumsum(self.norm(x), 1) / torch.arange(1, x.shape[1] + 1)[:, None]
        return x + torch.tanh(self.mix(seen))


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(40, 8)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.head = nn.Linear(8, 40, bias=False)
        self.head.weight = self.words.weight

    def forward(self, x: Any) -> Any:
        x = self.words(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def loss(outputs: Any, targets: Any) -> Any:
    return functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def groups(named: Any) -> Any:
    named = list(named)
    flat, rest = [p for _, p in named if p.ndim < 2], [p for _, p in named if p.ndim > 1]
    return [{"params": rest, "weight_decay": 0.1}, {"params": flat, "weight_decay": 0.0}]


def rate(optimizer: Any, steps: int) -> Any:
    return LambdaLR(optimizer, lambda t: min(1, (t + 1) / 2) * (1 + math.cos(math.pi * t / steps)))


def factory() -> Task:
    return Task(
        Tiny(), DataLoader(Text(), batch_size=8), loss, ADAM, steps=STEPS, schedule=rate,
        parameter_groups=groups, clip_norm=0.5,
    )  # fmt: skip


def direct() -> Direct:
    model, text = Tiny(), Text()
    optimizer = ADAM(groups(model.named_parameters()))
    schedule = rate(optimizer, STEPS)
    optimizer.register_step_pre_hook(
        lambda *_: nn.utils.clip_grad_norm_(model.parameters(), 0.5) and None
    )
    loop(model, DataLoader(text, batch_size=8), loss, optimizer, 3, after_step=schedule.step)
    return Direct(model.state_dict(), {}, STEPS)

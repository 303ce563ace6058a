"""What the benchmarks train: a language model with steps of some ten milliseconds, small nets."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from jupyterlab_saturn.task import Task
from torch import nn
from torch.utils.data import TensorDataset

WIDTH, HEADS, LAYERS, WORDS, LENGTH = 192, 4, 4, 512, 16
BATCH = 16


class Block(nn.Module):
    """A layer of a transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.feed = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        samples, length, _ = x.shape
        parts = self.query(self.before(x)).view(samples, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(samples, length, WIDTH))
        fed: torch.Tensor = x + self.feed(self.between(x))
        return fed


class Head(nn.Module):
    """Words from vectors, one row for each place."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.words = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WORDS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows: torch.Tensor = self.words(self.norm(x))
        return rows


def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of all places."""
    return nn.functional.cross_entropy(outputs.flatten(0, -2), targets.flatten())


def task(size: str) -> Task:
    """The task of a size, the same whenever it is made.

    Parameters
    ----------
    size
        ``"real"``, ``"small"`` with steps of some two milliseconds, or ``"tiny"`` of half of one.
    """
    torch.manual_seed(0)
    model: nn.Module
    if size != "real":
        width, hidden = (32, 32) if size == "tiny" else (256, 1024)
        model = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, 4))
        data = TensorDataset(torch.randn(512, width), torch.randint(0, 4, (512,)))
    else:
        blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        model = nn.Sequential(nn.Embedding(WORDS, WIDTH), blocks, Head())
        words = torch.randint(0, WORDS, (512, LENGTH + 1))
        data = TensorDataset(words[:, :-1], words[:, 1:])
    return Task(
        model=model,
        data=data,
        loss=loss,
        optimizer=partial(torch.optim.AdamW, lr=1e-3),
        schedule=constant,
        batch_size=BATCH,
        steps=1_000_000,
    )


def constant(optimizer: torch.optim.Optimizer, _steps: int) -> Any:
    """A schedule as plain loops have one, too."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)

"""Oddities: what tasks may have that tells techniques apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset

from ...task import Task
from ..techniques import Demand
from .probe_tasks import BATCH, CLASSES, FEATURES, SAMPLES, WIDTH

_HELD_OUT = 7


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """Something odd that a technique trains as `single` does, refuses, or demands not to be there.

    Attributes
    ----------
    name
        Stable, for programs.
    promise
        What holds where it is trained.
    make
        A small task that has it.
    lacks
        What techniques may demand and the task does not have, as an inspection finds it.
    stops
        Whether the task keeps more than weights, so that it is stopped in between, and goes on.
    """

    name: str
    promise: str
    make: Callable[[], Task]
    lacks: frozenset[Demand] = frozenset()
    stops: bool = False


class Block(nn.Module):
    """Two linear layers, which can be split inside, and a way round them."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(WIDTH, WIDTH)
        self.down = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = x + self.down(torch.tanh(self.up(x)))
        return found


def plain_model(around: Callable[[Block], nn.Module] | None = None) -> nn.Sequential:
    """Four equal blocks between two linear layers.

    Parameters
    ----------
    around
        Puts something round each block.
    """
    blocks = [Block() for _ in range(4)]
    middle = nn.Sequential(*(blocks if around is None else map(around, blocks)))
    return nn.Sequential(nn.Linear(FEATURES, WIDTH), middle, nn.Linear(WIDTH, CLASSES))


def plain_task(model: nn.Module | None = None, **fields: Any) -> Task:
    """A task of plain gradient descent on random samples, with fields of a `Task` as given."""
    inputs, targets = torch.randn(SAMPLES, FEATURES), torch.randint(0, CLASSES, (SAMPLES,))
    options: dict[str, Any] = {
        "model": plain_model() if model is None else model,
        "data": TensorDataset(inputs, targets),
        "loss": functional.cross_entropy,
        "optimizer": partial(torch.optim.SGD, lr=0.1),
        "batch_size": BATCH,
        "eval_data": TensorDataset(
            torch.randn(_HELD_OUT, FEATURES), torch.arange(_HELD_OUT) % CLASSES
        ),
    }
    return Task(**{**options, **fields})

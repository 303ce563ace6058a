"""The sweep that all ways search: 54 small classifiers of digits, some of which learn nothing."""

from __future__ import annotations

import itertools
import random
from functools import partial
from typing import Any

import torch
from jupyterlab_saturn.task import Task
from tasks import digits
from torch import nn

STEPS = 3240
FIRST_RUNG = 120
ETA = 3
METRIC = "cross_entropy"
"""Of held-out images; less is better."""

_EPOCHS = 10_000
"""More than any point has."""

Point = dict[str, Any]
"""What the factory is called with."""


def values(scale: float, draw: int) -> dict[str, list[Any]]:
    """Values of the factory's parameters, each with each: 54 points.

    Parameters
    ----------
    scale
        By how much to make all tasks longer.
    draw
        By which weights, order of samples and order of points are drawn: a rule does well or not
        by who comes first, too.
    """
    rates = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
    space: dict[str, list[Any]] = {"width": [16, 32, 64], "batch_size": [32, 64], "lr": rates}
    for each in space.values():
        random.Random(draw).shuffle(each)
    return {"scale": [scale], "draw": [draw], **space}


def points(scale: float, draw: int) -> list[Point]:
    """All points, in the order in which they are tried."""
    space = values(scale, draw)
    return [dict(zip(space, each, strict=True)) for each in itertools.product(*space.values())]


def rungs(scale: float) -> list[int]:
    """Steps after which points are compared; the last is a task's last."""
    first, last = round(FIRST_RUNG * scale), round(STEPS * scale)
    found = [first]
    while found[-1] * ETA < last:
        found.append(found[-1] * ETA)
    return [*found, last]


def name(point: Point) -> str:
    """Of a point, the same however it is written."""
    return f"{point['width']}-{point['batch_size']}-{point['lr']:g}"


def _order(count: int, size: int, draw: int, epoch: int) -> list[list[int]]:
    """The whole batches of an epoch: whoever trains a point sees the same samples at a step."""
    drawn = torch.randperm(
        count, generator=torch.Generator().manual_seed(_EPOCHS * draw + epoch)
    ).tolist()
    return [drawn[place : place + size] for place in range(0, count - size + 1, size)]


def make(width: int, batch_size: int, scale: float, draw: int, lr: float) -> Task:
    """A task, the same whoever trains it."""
    torch.manual_seed(draw)
    train, held_out = digits()
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * width, 10),
    )
    return Task(
        model=model,
        data=train,
        loss=nn.functional.cross_entropy,
        optimizer=partial(torch.optim.AdamW, lr=lr),
        batch_size=batch_size,
        order=partial(_order, len(train), batch_size, draw),
        steps=round(STEPS * scale),
        eval_data=held_out,
        metrics={METRIC: nn.functional.cross_entropy},
    )

"""A point trained by a loop of one's own, which asks at each rung whether it is to go on."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain, count

import torch
from stops_points import METRIC, Point, make, rungs


def train(point: Point, goes_on: Callable[[int, float], bool]) -> int:
    """Train until it is not to go on.

    Parameters
    ----------
    point
        What is trained.
    goes_on
        Told a rung's step and the metric there: infinite where that is no number.

    Returns
    -------
    int
        How many steps were made.
    """
    torch.set_num_threads(1)
    task = make(**point)
    model, (inputs, targets) = task.model, task.data.tensors  # type: ignore[attr-defined]
    optimizer = task.optimizer(model.parameters())  # type: ignore[operator]
    halts = rungs(point["scale"])
    batches = chain.from_iterable(map(task.order, count()))  # type: ignore[arg-type]
    for step, chosen in zip(range(1, halts[-1] + 1), batches, strict=False):
        loss = task.loss(model(inputs[chosen]), targets[chosen])
        loss.backward()  # type: ignore[union-attr]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step in halts and not goes_on(step, _evaluated(task)):
            return step
    return halts[-1]


def _evaluated(task: object) -> float:
    """The metric of held-out images."""
    model = task.model  # type: ignore[attr-defined]
    inputs, targets = task.eval_data.tensors  # type: ignore[attr-defined]
    model.eval()
    with torch.no_grad():
        value = float(task.metrics[METRIC](model(inputs), targets))  # type: ignore[attr-defined]
    model.train()
    return value if math.isfinite(value) else math.inf

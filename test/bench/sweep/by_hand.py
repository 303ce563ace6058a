"""A task of the sweep trained as a notebook would by itself: a loop, an evaluation, a file."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import tasks
import torch


def train(point: tasks.Point, folder: Path) -> None:
    """Train a task and write its model."""
    task = tasks.make(**point)
    torch.manual_seed(0)
    model, (inputs, targets) = task.model, task.data.tensors  # type: ignore[attr-defined]
    optimizer = task.optimizer(model.parameters())  # type: ignore[operator]
    count, size = len(inputs), task.batch_size
    order, place = torch.randperm(count), 0
    for _ in range(task.steps or 0):
        if place + size > count:
            order, place = torch.randperm(count), 0
        chosen = order[place : place + size]
        place += size
        loss = task.loss(model(inputs[chosen]), targets[chosen])
        loss.backward()  # type: ignore[union-attr]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    held_out, expected = task.eval_data.tensors  # type: ignore[union-attr]
    model.eval()
    with torch.no_grad():
        outputs = torch.cat([model(part) for part in held_out.split(size)])
        task.loss(outputs, expected)
        for metric in task.metrics.values():  # type: ignore[union-attr]
            metric(outputs, expected)
    torch.save(model.state_dict(), folder / f"{tasks.name(point)}.pt")


def main(device: int, devices: int, scale: float, folder: Path) -> None:
    """Be the process of a device: every so-many-th task, one after another, on its core."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cores[device % len(cores)]])
    torch.set_num_threads(1)
    for point in tasks.grid(scale)[device::devices]:
        begin = time.perf_counter()
        train(point, folder)
        sys.stderr.write(f"{tasks.name(point)}: {time.perf_counter() - begin:.2f} s\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))

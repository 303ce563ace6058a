"""The loop that everything is compared with: one process, plain PyTorch, nothing of this package.

It follows the documented order of samples and no more: what seeds are called is written out here.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jupyterlab_saturn.task import Task
from torch.utils.data import default_collate

SEED = 7


@dataclass(frozen=True)
class Reference:
    losses: list[float]
    metrics: dict[str, float]
    weights: dict[str, torch.Tensor]


def seed_of(*key: object) -> int:
    text = "/".join(map(str, (SEED, *key)))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") // 2


def order(epoch: int, samples: int) -> list[int]:
    """The samples of an epoch, in the order they are trained on."""
    generator = torch.Generator().manual_seed(seed_of("epoch", epoch))
    return torch.randperm(samples, generator=generator).tolist()


def train(factory: Callable[[], Task], steps: int) -> Reference:
    """Train a task of mean loss."""
    torch.set_num_threads(1)
    seed = seed_of("factory")
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    task = factory()
    model = task.model.train()
    optimizer = task.optimizer(model.parameters())
    schedule = task.schedule(optimizer, steps) if task.schedule else None
    count = len(task.data)  # type: ignore[arg-type]
    per_epoch = count // task.batch_size
    piece = task.batch_size // task.micro_batches
    losses = []
    for step in range(steps):
        first = step % per_epoch * task.batch_size
        batch = order(step // per_epoch, count)[first : first + task.batch_size]
        optimizer.zero_grad()
        total = 0.0
        for start in range(0, task.batch_size, piece):
            inputs, targets = default_collate([task.data[i] for i in batch[start : start + piece]])
            loss = task.loss(model(inputs), targets) / task.micro_batches
            assert isinstance(loss, torch.Tensor)
            loss.backward()
            total += loss.item()
        if task.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), task.clip_norm)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        losses.append(total)
    return Reference(losses, evaluate(task), dict(model.state_dict()))


@torch.no_grad()
def evaluate(task: Task) -> dict[str, float]:
    """The metrics of all held-out samples at once."""
    assert task.eval_data is not None
    assert not callable(task.metrics)
    count = len(task.eval_data)  # type: ignore[arg-type]
    inputs, targets = default_collate([task.eval_data[i] for i in range(count)])
    outputs = task.model.eval()(inputs)
    return {name: float(metric(outputs, targets)) for name, metric in task.metrics.items()}

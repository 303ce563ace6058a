"""Oddities of batches, what their loss is a mean of, and when the learning rate changes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim import Optimizer, lr_scheduler
from torch.utils.data import Dataset, TensorDataset, default_collate

from ...task import Task
from .oddity import Oddity, plain_task
from .probe_tasks import BATCH, CLASSES, FEATURES, SAMPLES


class Noisy(Dataset[Any]):
    """Samples of which some are drawn anew each time, by different generators."""

    def __init__(self) -> None:
        self._inputs = torch.randn(SAMPLES, FEATURES)
        self._targets = torch.randint(0, CLASSES, (SAMPLES,))

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> Any:
        inputs = self._inputs[index]
        if index % 3 == 1:
            inputs = inputs + torch.randn(FEATURES) + random.random() + np.random.rand()
        return inputs, self._targets[index]


def _masked(samples: list[Any]) -> Any:
    inputs, targets = default_collate(samples)
    return inputs * (torch.rand_like(inputs) > 0.3), targets


def _weighted() -> nn.CrossEntropyLoss:
    return nn.CrossEntropyLoss(torch.tensor([1.0, 5.0, 25.0]))


def _squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """A mean over samples that nobody counts, unlike those of cross entropies."""
    return functional.mse_loss(outputs, functional.one_hot(targets, CLASSES).float())


def _contrast(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    found = functional.normalize(outputs, dim=1)
    return functional.cross_entropy(found @ found.T * 5, torch.arange(len(found)))


def _backwards(epoch: int) -> list[list[int]]:
    """Batches of one size but the last, which is different in each epoch."""
    indices = [(number * 7 + epoch) % SAMPLES for number in reversed(range(SAMPLES))]
    return [indices[first : first + BATCH] for first in range(0, SAMPLES, BATCH)]


def _by_epoch(optimizer: Optimizer, steps: int) -> Any:
    return lr_scheduler.StepLR(optimizer, 1, 0.3)


def _plateau(optimizer: Optimizer, steps: int) -> Any:
    return lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=0, threshold=0.5)


def _uneven_batch() -> Task:
    return plain_task(batch_size=BATCH - 1)


def _last_batch() -> Task:
    return plain_task(loss=_squared, drop_last=False)


def _weighted_classes() -> Task:
    return plain_task(loss=_weighted(), drop_last=False)


def _ignored_targets() -> Task:
    targets = torch.randint(0, CLASSES, (SAMPLES,))
    targets[torch.randperm(SAMPLES)[: SAMPLES * 2 // 3]] = -100
    return plain_task(data=TensorDataset(torch.randn(SAMPLES, FEATURES), targets))


def _equal_parts() -> Task:
    return plain_task(loss=_weighted(), equal_parts=True, micro_batches=4, drop_last=False)


def _contrasted() -> Task:
    return plain_task(loss=_contrast, eval_data=None)


def _own_order() -> Task:
    return plain_task(order=_backwards)


def _drawn_samples() -> Task:
    return plain_task(data=Noisy(), collate=_masked, eval_collate=default_collate)


def _epoch_schedule() -> Task:
    return plain_task(schedule=_by_epoch, schedule_every="epoch")


def _plateau_schedule() -> Task:
    return plain_task(schedule=_plateau, validate_every=1)


ODD_BATCHES = (
    Oddity(
        name="uneven-batch",
        promise="A batch that the devices do not divide is trained on.",
        make=_uneven_batch,
    ),
    Oddity(
        name="last-batch",
        promise="The last batch of an epoch, which is smaller, is trained on.",
        make=_last_batch,
    ),
    Oddity(
        name="weighted-classes",
        promise="Samples weigh what their classes do, over all devices.",
        make=_weighted_classes,
    ),
    Oddity(
        name="ignored-targets",
        promise="Samples that the loss ignores weigh nothing, over all devices.",
        make=_ignored_targets,
    ),
    Oddity(
        name="equal-parts",
        promise="Batches of one step weigh the same, whatever each of them counts.",
        make=_equal_parts,
    ),
    Oddity(
        name="contrastive-loss",
        promise="Samples are compared with all others of their batch.",
        make=_contrasted,
        lacks=frozenset({"divisible-batch"}),
    ),
    Oddity(
        name="own-order",
        promise="Samples come in the order that the task gives.",
        make=_own_order,
    ),
    Oddity(
        name="drawn-samples",
        promise="What datasets and collate functions draw is the same.",
        make=_drawn_samples,
    ),
    Oddity(
        name="epoch-schedule",
        promise="A schedule of epochs is stepped at their ends.",
        make=_epoch_schedule,
    ),
    Oddity(
        name="plateau-schedule",
        promise="A schedule that follows the validation is told of it.",
        make=_plateau_schedule,
    ),
)

"""Which samples each step of each epoch trains on, before they are dealt out to devices."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...errors import SaturnError
from ...task import Task
from ..components.seeding import derive


def first_batch(task: Task, count: int) -> Sequence[int]:
    """Samples that go through the model together on one device, as the task puts them together."""
    most = -(-task.batch_size // task.micro_batches)
    if task.order is None:
        return range(min(most, count))
    _, batches = EpochOrder(task, count, seed=0).batches(0)
    return list(batches[0])[:most]


def few_batches(task: Task, count: int, most: int) -> list[Sequence[int]]:
    """Up to so many samples of up to three batches of the first epoch, the last one among them."""
    order = EpochOrder(task, count, seed=0)
    steps = {0, order.steps_per_epoch // 2, order.steps_per_epoch - 1}
    return [list(order.batches(step)[1][0])[:most] for step in sorted(steps)]


class EpochOrder:
    """The batches of a task, as a loop on one device would load them: a function of the step.

    Without a `Task.order`, the samples of epoch e are permuted by (seed, e).

    Parameters
    ----------
    count
        Samples of an epoch.
    seed
        Of the task.

    Attributes
    ----------
    steps_per_epoch
        Optimizer steps of each epoch.

    Raises
    ------
    SaturnError
        ``bad-task`` when the task's own order is none.
    """

    def __init__(self, task: Task, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._order = task.order
        self._per_step = task.micro_batches if task.equal_parts else 1
        self._size = task.batch_size // self._per_step
        self._drop_last = task.drop_last
        self._epoch = -1
        self._shuffled: list[int] = []
        self._batches: Sequence[Sequence[int]] = []
        if self._order is not None:
            self._begin(0)
            batches = len(self._batches)
        else:
            batches = count // self._size if task.drop_last else -(-count // self._size)
        self._batches_per_epoch = batches
        self.steps_per_epoch = -(-batches // self._per_step)

    def batches(self, step: int) -> tuple[int, list[Sequence[int]]]:
        """The epoch of a step, both counted from 0, and the batches it accumulates.

        Raises
        ------
        SaturnError
            ``uneven-epochs`` when the task's own order has more or fewer batches than at first.
        """
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._begin(epoch)
        first = place * self._per_step
        last = min(first + self._per_step, self._batches_per_epoch)
        return epoch, [self._batch(number) for number in range(first, last)]

    def _batch(self, number: int) -> Sequence[int]:
        if self._order is not None:
            return self._batches[number]
        first = number * self._size
        return self._shuffled[first : first + self._size]

    def _begin(self, epoch: int) -> None:
        if self._order is None:
            generator = torch.Generator().manual_seed(derive(self._seed, "epoch", epoch))
            self._shuffled = torch.randperm(self._count, generator=generator).tolist()
        else:
            self._batches = self._order(epoch)
            self._require_sound(epoch)
        self._epoch = epoch

    def _require_sound(self, epoch: int) -> None:
        if not self._batches or any(len(batch) == 0 for batch in self._batches):
            raise SaturnError(
                "bad-task",
                f"The sampler gives no samples for a batch of epoch {epoch}.",
                "Let it give the indices of at least one sample for each batch.",
            )
        if self._epoch >= 0 and len(self._batches) != self._batches_per_epoch:
            raise SaturnError(
                "uneven-epochs",
                f"The sampler gives {len(self._batches)} batches in epoch {epoch}, but "
                f"{self._batches_per_epoch} in the first, so what a step is would depend on the "
                "past.",
                "Let it give as many batches in each epoch, or train natively.",
            )
        largest = max(len(batch) for batch in self._batches)
        if largest > self._size:
            raise SaturnError(
                "bad-task",
                f"The sampler gives a batch of {largest} samples, but the batch is {self._size}.",
                f"Give the Task a batch_size of {largest * self._per_step}.",
            )

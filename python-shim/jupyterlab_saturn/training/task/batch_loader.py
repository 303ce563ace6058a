"""Batches loaded between the steps, or ahead of them by other processes."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, Dataset

from ...errors import SaturnError
from ..runtime import parent_death
from ..runtime.device import lift_memory_limit
from .data_order import MicroBatch, TrainBatches

if TYPE_CHECKING:
    from ...generated.wire_types import Failure


class BatchLoader:
    """The micro-batches of one step after another. Close it: it may have processes.

    Parameters
    ----------
    workers
        Processes that load ahead; 0 loads when asked.
    steps
        Steps in all.
    """

    def __init__(self, batches: TrainBatches, workers: int, steps: int) -> None:
        self._batches = batches
        self._workers = workers
        self._steps = steps
        self._ahead: Iterator[Any] | None = None
        self._next = 0
        self._first = 0
        self._block: list[list[MicroBatch]] = []

    def load(self, step: int) -> list[MicroBatch]:
        """The micro-batches of a step, counted from 0.

        Raises
        ------
        SaturnError
            ``data-failed`` when the dataset raises.
        """
        if self._workers == 0:
            if not 0 <= step - self._first < len(self._block):
                self._first, self._block = self._batches.block(step)
            return self._block[step - self._first]
        if self._ahead is None or step != self._next:
            self._ahead = self._start(step)
        self._next = step + 1
        loaded = next(self._ahead)
        if isinstance(loaded, _Failed):
            raise SaturnError.from_json(loaded.error)
        return loaded  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the processes. Nothing is loaded afterwards."""
        self._ahead = None  # which ends them, when nothing else holds it

    def _start(self, step: int) -> Iterator[Any]:
        loader = DataLoader(
            _Steps(self._batches, self._steps),
            sampler=range(step, self._steps),
            batch_size=None,
            num_workers=self._workers,
            pin_memory=torch.cuda.is_initialized(),  # type: ignore[no-untyped-call]
            worker_init_fn=functools.partial(_begin, os.getpid()),
            generator=torch.Generator(),  # else it would draw from the global one
        )
        ahead = iter(loader)
        # DataLoader has itself told of a process that dies, and raises wherever Python then is:
        # in a save, or while another failure is told. It also looks when a batch does not come.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        return ahead


def _begin(rank: int, _worker: int) -> None:
    """In a process that loads for a rank."""
    parent_death.bind(rank)
    lift_memory_limit()


class _Failed:
    """An error on its way out of a worker, which could only bring a text otherwise."""

    def __init__(self, error: Failure) -> None:
        self.error = error


class _Steps(Dataset[Any]):
    """The micro-batches of a step, by the step."""

    def __init__(self, batches: TrainBatches, steps: int) -> None:
        self._batches = batches
        self._steps = steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> list[MicroBatch] | _Failed:
        try:
            return self._batches.micro_batches(step)
        except SaturnError as error:
            return _Failed(error.to_json())

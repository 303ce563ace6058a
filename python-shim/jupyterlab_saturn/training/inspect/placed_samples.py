"""Batches where the model is that they are tried with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ...task import Task
from ..components.held_tensors import place_functions
from ..components.nested_tensors import move
from ..task.samples import Collate, Samples


class PlacedSamples(Samples):
    """Samples whose batches are on a device."""

    def __init__(
        self, dataset: Any, collate: Collate | None, seed: int, device: torch.device
    ) -> None:
        super().__init__(dataset, collate, seed)
        self._device = device

    def batch(self, indices: Sequence[int], epoch: int = 0) -> Any:
        return move(super().batch(indices, epoch), self._device)

    def parts(self, indices: Sequence[int], ranges: Sequence[range], epoch: int = 0) -> list[Any]:
        return [move(part, self._device) for part in super().parts(indices, ranges, epoch)]


def place(task: Task, device: torch.device) -> None:
    """Put a task's model on a device, with what its functions hold."""
    task.model.to(device)
    place_functions(task, device)


def device_of(task: Task) -> torch.device:
    """Where a task's model is."""
    return next((parameter.device for parameter in task.model.parameters()), torch.device("cpu"))

"""The loss over all held-out samples, each counted once, and a task's metrics of them."""

from __future__ import annotations

from typing import Any

import torch

from ...task import Task
from ..runtime.process_group import ProcessGroup
from .loss import Loss, Mean
from .predictions import Predictions


class HeldOutScores:
    """What one rank makes of its parts of the held-out samples.

    Parameters
    ----------
    device
        Where the task's model works.
    voice
        What this rank's numbers count in sums over all ranks.
    """

    def __init__(self, task: Task, world: ProcessGroup, device: torch.device, voice: float) -> None:
        self._world = world
        self._voice = voice
        self._by_batch = task.eval_batch_size is not None
        self._predictions = Predictions(task, device)
        self._loss = Mean()
        self._lost = False

    def add(self, first: int, counted: int, outputs: Any, targets: Any, said: Loss | None) -> None:
        """Count a batch.

        Parameters
        ----------
        first
            Number of its first sample.
        counted
            How many of its samples no other batch counts.
        said
            Its loss; None when there is none without training.
        """
        self._predictions.add(first, outputs, targets)
        if said is None:
            self._lost = True
        elif self._by_batch:
            self._loss.add(Mean(float(said.mean) * counted, counted), self._voice)
        else:
            self._loss.add(said.over(counted), self._voice)

    def measure(self) -> dict[str, float]:
        """Loss and metrics of all batches of all ranks. A collective.

        Raises
        ------
        MetricsFailed
            On all ranks, when the task's metrics do.
        """
        everywhere, lost = Mean(), False
        for known, failed in self._world.gather((self._loss, self._lost)):
            everywhere.add(known)
            lost = lost or failed
        return self._predictions.measure(self._world, None if lost else everywhere.value)

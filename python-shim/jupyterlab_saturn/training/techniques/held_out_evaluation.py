"""How good a model is on held-out samples, wherever its technique has placed it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from ...task import Evaluation, Task
from ..components.held_out_scores import HeldOutScores
from ..components.loss import held_out_loss
from ..components.nested_tensors import move, pair
from ..components.training_mode import evaluating
from ..runtime.process_group import ProcessGroup
from ..task.data_order import evaluation_parts
from ..task.samples import Samples


@dataclass(frozen=True, kw_only=True)
class HeldOutEvaluation:
    """Evaluates a model as one rank of a group.

    Attributes
    ----------
    module
        The model as the technique placed or wrapped it, on `device`.
    data_rank, data_ranks
        Which part of the samples this rank takes, of how many.
    voice
        What this rank's numbers count in sums over all ranks.
    outputs
        The model's outputs of the inputs of a batch.
    precise
        Within it, computations have the task's precision.
    """

    task: Task
    module: torch.nn.Module
    world: ProcessGroup
    device: torch.device
    data_rank: int
    data_ranks: int
    voice: float
    outputs: Callable[[Any], Any]
    precise: Callable[[], AbstractContextManager[Any]]

    @torch.no_grad()
    def measure(self, samples: Samples) -> dict[str, float]:
        """The loss over all samples, each counted once, and the task's metrics. A collective.

        Raises
        ------
        MetricsFailed
            On all ranks, when the task's metrics do.
        """
        scores = HeldOutScores(self.task, self.world, self.device, self.voice)
        with evaluating(self.module):
            parts = evaluation_parts(samples.count, self._size, self.data_rank, self.data_ranks)
            for part, counted in parts:
                inputs, targets = pair(move(samples.batch(part), self.device))
                with self.precise():
                    forward = partial(self.outputs, inputs)
                    if self.voice == 0:
                        forward()
                        continue
                    outputs, said = held_out_loss(self.task, forward, targets)
                if counted > 0:
                    scores.add(part.start, counted, outputs, targets, said)
        return scores.measure()

    @torch.no_grad()
    def ask(self, evaluation: Evaluation, samples: Samples, step: int) -> dict[str, float]:
        """What a task's own evaluation says of all samples. A collective."""
        with evaluating(self.module):
            evaluation.begin(step)
            for number, (part, _) in enumerate(evaluation_parts(samples.count, self._size, 0, 1)):
                with self.precise():
                    batch = move(samples.batch(part), self.device)
                    evaluation.batch(self.module, batch, number)
            return {name: float(value) for name, value in evaluation.end().items()}

    @property
    def at_once(self) -> int:
        """Samples that all ranks together take at once, or each of them."""
        return self._size * (1 if self.task.evaluation is not None else self.data_ranks)

    @property
    def _size(self) -> int:
        """Samples of a forward."""
        task = self.task
        size = task.eval_batch_size or task.batch_size // task.micro_batches // self.data_ranks
        return max(1, size)

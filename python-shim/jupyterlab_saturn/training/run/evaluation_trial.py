"""One held-out batch evaluated early: what fails there would fail after all the steps."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves
from torch.utils.data import Subset

from ...errors import SaturnError
from ...task import Evaluation, Task
from ..components.predictions import MetricsFailed
from ..components.side_effects import without_side_effects
from ..runtime.failure import describe, is_out_of_memory, is_peer_lost, is_wrong_device
from ..task.factory import held_out_sets
from .workload import Workload


def try_evaluation(workload: Workload) -> None:
    """Evaluate a batch of each held-out dataset, metrics and all. A collective.

    What is trained sees no trace of it.

    Metrics may want more samples than one batch has, such as some of each class. Of what they
    raise, only that a tensor is on the wrong device is taken for what it would be in the end.

    Raises
    ------
    SaturnError
        ``evaluation-failed``, or what the evaluation raises of its own.
    """
    for data in held_out_sets(workload.task).values():
        first = Subset(data, range(min(len(data), workload.runner.evaluated_at_once)))
        try:
            with without_side_effects(*evaluated_modules(workload.task)):
                _evaluate(workload, first)
        except MetricsFailed as error:
            if is_wrong_device(error):
                raise _told(error) from error
        except (Exception, torch.OutOfMemoryError) as error:
            if isinstance(error, SaturnError) or is_out_of_memory(error) or is_peer_lost(error):
                raise
            raise _told(error) from error


def evaluated_modules(task: Task) -> Iterator[nn.Module]:
    """What may remember what it was called with: a task's model, and modules in its functions."""
    yield task.model
    for part in tree_leaves([task.loss, task.forward, task.prediction, task.metrics]):
        # What is not assigned yet has no contents to ask a closure for.
        held = gc.get_referents(*(getattr(part, "__closure__", None) or ()))
        yield from (each for each in (part, *held) if isinstance(each, nn.Module))


def _evaluate(workload: Workload, data: Any) -> None:
    samples, evaluation = workload.held_out(data), workload.task.evaluation
    if evaluation is None:
        workload.runner.evaluate(samples)
    else:
        workload.runner.evaluate_all(samples, _OfOneBatch(evaluation), workload.step)


@dataclass(frozen=True)
class _OfOneBatch:
    """A task's own evaluation, whose end is told that there was one batch only."""

    evaluation: Evaluation

    def begin(self, step: int) -> None:
        self.evaluation.begin(step)

    def batch(self, model: torch.nn.Module, batch: Any, index: int) -> None:
        self.evaluation.batch(model, batch, index)

    def end(self) -> Mapping[str, float]:
        try:
            return self.evaluation.end()
        except Exception as error:
            if is_out_of_memory(error) or is_wrong_device(error):
                raise
            traceback.print_exc()  # to the log, for whoever looks there
            return {}


def _told(error: BaseException) -> SaturnError:
    if isinstance(error, MetricsFailed):
        failure = error.failure
    else:
        failure = describe(error, "evaluation-failed")
        failure["message"] = f"The evaluation of a batch raised {failure['message']}"
    hint = "One batch is evaluated early, for this would fail after the last step."
    if is_wrong_device(error):
        hint = (
            "Models and batches are on the GPU: call .cpu() before .numpy(), and make tensors of "
            "your own with device=outputs.device."
        )
    told = SaturnError("evaluation-failed", failure["message"], hint)
    told.traceback = failure.get("traceback")
    return told

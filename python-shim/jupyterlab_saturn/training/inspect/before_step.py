"""What a task has called before its steps, called a few times."""

from __future__ import annotations

from typing import Any

import torch

from ...task import Task
from ..components.side_effects import without_side_effects
from ..components.training_mode import begin_training
from ..task.factory import steps_per_epoch
from ..task.samples import Samples
from ..task.task_validation import differs
from .own_counts import OwnCounts
from .reference_step import ReferenceStep
from .tried_call import rehearsal_failed, tried

_MOST_STARTS = 100  # of epochs that are gone through
_PROBED = 3  # samples


def rehearse_before_step(task: Task, steps: int, seed: int) -> None:
    """Call a task's ``before_step`` as it will be called, as far as that tells what it does.

    It may follow the step that it is given. It may not change what is trained, which the optimizer
    holds, nor samples, which are loaded before; nor count by itself, which nobody would go on with
    after a pause.

    Raises
    ------
    SaturnError
        ``rehearsal-failed``.
    """
    before_step = task.before_step
    if before_step is None:
        return
    epoch = steps_per_epoch(task)
    starts = range(0, steps, epoch * max(1, steps // epoch // _MOST_STARTS))
    trained = [parameter.requires_grad for parameter in task.model.parameters()]
    samples = Samples(task.data, task.collate, seed)
    some = [number * (samples.count - 1) // _PROBED for number in range(_PROBED + 1)]
    first = [samples.sample(index) for index in some]
    try:
        with without_side_effects(task.model):
            for step in sorted({*starts, steps // 2, steps - 1}):
                _call(task, step, step // epoch)
                _require_trained(task.model, trained, step)
            if any(differs(a, samples.sample(i)) for i, a in zip(some, first, strict=True)):
                raise rehearsal_failed(
                    f"The before_step of step {steps - 1} changes samples of the data, but these "
                    "are loaded before it is called, and ahead by workers.",
                    "Give the dataset a set_epoch(epoch): it is told before it is asked.",
                )
            _require_stateless(task, samples, steps - 1, (steps - 1) // epoch)
    finally:
        for parameter, trains in zip(task.model.parameters(), trained, strict=True):
            parameter.requires_grad_(trains)


def _require_stateless(task: Task, samples: Samples, step: int, epoch: int) -> None:
    """Called twice for one step, it must leave what the loss goes by as it does the first time."""
    left = OwnCounts({"the model": task.model, "the loss": task.loss, "the forward": task.forward})
    _call(task, step, epoch)
    if not left.have_changed:
        return
    begin_training(task.model)
    reference, some = ReferenceStep(task), samples.batch(range(min(_PROBED, samples.count)))

    def trained() -> float:
        _call(task, step, epoch)
        return reference.gradient([(some, 1.0)]).loss

    counted = left.mattering(trained, lambda one, other: one != other and one == one)
    if counted is not None:
        raise rehearsal_failed(
            f"The before_step of step {step} leaves another {counted} each time it is called, and "
            "the loss goes by it: what it counts by itself is in no checkpoint.",
            "Make it a function of the step and the epoch that it is given.",
        )


def _call(task: Task, step: int, epoch: int) -> None:
    before_step = task.before_step
    assert before_step is not None
    tried("before_step", lambda: before_step(step, epoch))


def _require_trained(model: torch.nn.Module, trained: list[bool], step: int) -> None:
    named: Any = zip(model.named_parameters(), trained, strict=True)
    names = [name for (name, p), was in named if p.requires_grad is not was]
    if names:
        raise rehearsal_failed(
            f"The before_step of step {step} changes whether {names[0]} is trained, but what is "
            "trained is settled when training begins.",
            "Train it from the beginning, with a learning rate of 0 at first by the schedule, or "
            "write the loop yourself: %%saturn task --native.",
        )

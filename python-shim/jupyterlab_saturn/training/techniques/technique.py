"""What a technique is: a way to run a task on some devices."""

from __future__ import annotations

from typing import Protocol

from ...task import Task
from .context import Context
from .runner import Runner


class Technique(Protocol):
    """A way to run a task on some devices. It changes the speed of training, not what is trained.

    Register one in `techniques.TECHNIQUES`.
    """

    @property
    def name(self) -> str:
        """What strategies call it."""

    def feasible(self, task: Task, devices: int) -> str | None:
        """Why it cannot run the task on so many devices; None when it may."""

    def build(self, task: Task, context: Context) -> Runner:
        """Take the task's model to pieces or copies over the world, and make its optimizer.

        A collective. The model's parameters are on the CPU, the same on every rank.
        """


def why_not_data_parallel(task: Task, devices: int) -> str | None:
    """Why a task cannot be split by samples over so many devices."""
    if devices < 2:
        return "on one device it is the same as single"
    if task.batch_size % devices != 0:
        return f"a batch of {task.batch_size} does not divide evenly over {devices} devices"
    return why_not_trainable(task)


def why_not_trainable(task: Task) -> str | None:
    """Why a task cannot be trained at all."""
    if not any(parameter.requires_grad for parameter in task.model.parameters()):
        return "the model has no parameter to train"
    return None

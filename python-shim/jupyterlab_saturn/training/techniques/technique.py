"""What a technique is: a way to run a task on some devices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from ...task import Task
from ..model.memory_estimate import MemoryEstimate
from .context import Context, Knobs
from .runner import Runner

DeviceKind = Literal["cpu", "cuda"]

Demand = Literal["every-gradient"]
"""What only a dry run tells of a task: that all parameters to be trained get a gradient.
A technique lists in `demands` what it cannot do without."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Settings of a technique that are worth a trial.

    Attributes
    ----------
    instead_of
        A technique and settings that are faster wherever they fit: this choice is worth a trial
        only where that one, on as many devices, does not.
    """

    knobs: Knobs = field(default_factory=dict)
    instead_of: tuple[str, Knobs] | None = None


class Technique(Protocol):
    """A way to run a task on some devices: it changes the speed, not what is trained.

    It may also have an attribute `demands`, a set of `Demand`.
    """

    @property
    def name(self) -> str:
        """What strategies call it."""

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        """Why it cannot run the task on so many devices; None when it may."""

    def choices(self, task: Task, devices: int) -> list[Choice]:
        """The settings worth a trial on so many devices, of a task that is feasible there."""

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        """Bytes that each device needs at the very least; 0 when that cannot be told."""

    def build(self, task: Task, context: Context) -> Runner:
        """Take the task's model to pieces or copies over the world, and make its optimizer.

        A collective. The model's parameters are on the CPU, the same on every rank.
        """


def why_not_data_parallel(task: Task, parts: int) -> str | None:
    """Why a task cannot be split by samples into so many parts."""
    if task.batch_size % parts != 0:
        return f"a batch of {task.batch_size} does not divide evenly over {parts} devices"
    if task.exact_random and task.micro_batches % parts != 0:
        return (
            f"exact_random draws by micro-batch, and {task.micro_batches} of them do not divide "
            f"evenly over {parts} devices"
        )
    return why_not_trainable(task)


def why_not_trainable(task: Task) -> str | None:
    """Why a task cannot be trained at all."""
    if not any(parameter.requires_grad for parameter in task.model.parameters()):
        return "the model has no parameter to train"
    return None

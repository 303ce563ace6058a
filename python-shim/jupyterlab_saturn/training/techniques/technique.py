"""What a technique is: a way to run a task on some devices."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

from torch.nn import SyncBatchNorm

from ...task import Task
from ..components.batch_norm import batch_norms
from ..components.parameter_kinds import why_unknown
from ..model.memory_estimate import MemoryEstimate
from ..task.data_order import takes_whole_batches
from .context import Context, Knobs
from .runner import Runner

DeviceKind = Literal["cpu", "cuda"]


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

    It may also have an attribute `demands`, a set of `demand.Demand`; `MOST_DEMANDS` when absent.
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


class BaseTechnique(ABC):
    """A `Technique` that needs no more than a name, `feasible` and `build`.

    It has one choice of settings, and memory that nobody knows beforehand.
    """

    name: str

    @abstractmethod
    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        """Why it cannot run the task on so many devices; None when it may."""

    @abstractmethod
    def build(self, task: Task, context: Context) -> Runner:
        """The task on the ranks of `context`, ready to step. A collective."""

    def choices(self, task: Task, devices: int) -> list[Choice]:
        """The settings worth a trial."""
        return [Choice()]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        """Bytes that each device needs at the very least; 0 when that cannot be told."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Texture:
    """A tile drawn over the bars of a technique, so that techniques differ by more than colour.

    Attributes
    ----------
    path
        SVG path data, stroked; round caps make dots of lines of no length.
    size
        Side of the tile, in pixels.
    stroke
        Width of the lines, in pixels.
    """

    path: str
    size: float
    stroke: float


class BuiltInTechnique(BaseTechnique):
    """A technique that comes with the package: found by its file, so a file is all it takes.

    What the class says of itself is read without importing it, so it is written out; so is the
    first line of the file, which tells what it is.

    Attributes
    ----------
    order
        Its place where all are listed.
    texture
        Unlike that of any other; None for none.
    from_root
        Whether `build` gives all ranks the numbers of rank 0 by `Context.unify`: then other ranks
        need none before.
    spans
        Whether its ranks may be on several nodes.
    """

    order: ClassVar[int]
    texture: ClassVar[Texture | None]
    from_root: ClassVar[bool] = False
    spans: ClassVar[bool] = False


def why_not_data_parallel(task: Task, parts: int) -> str | None:
    """Why a task cannot be split by samples into so many parts."""
    if task.batch_size % parts != 0:
        return f"a batch of {task.batch_size} does not divide evenly over {parts} devices"
    if any(isinstance(module, SyncBatchNorm) for module in task.model.modules()):
        return (
            "SyncBatchNorm asks other devices itself; use BatchNorm, whose statistics are taken "
            "over all devices here"
        )
    if parts > 1 and task.micro_batches > 1 and batch_norms(task.model):
        return (
            f"batch normalisation works on each of {task.micro_batches} micro-batches by itself, "
            "which cannot be cut"
        )
    if takes_whole_batches(task) and task.micro_batches % parts != 0:
        return (
            f"a step takes {task.micro_batches} batches whose losses count equally, which do not "
            f"divide evenly over {parts} devices"
        )
    if task.exact_random and task.micro_batches % parts != 0:
        return (
            f"exact_random draws by micro-batch, and {task.micro_batches} of them do not divide "
            f"evenly over {parts} devices"
        )
    return why_not_trainable(task)


def why_not_replaced(task: Task) -> str | None:
    """Why others cannot take the place of a task's parameters."""
    for name, parameter in task.model.named_parameters():
        if parameter._backward_hooks:
            return f"the parameter {name} has a hook on its gradient, which would be lost"
    return None


def why_not_in_pieces(task: Task) -> str | None:
    """Why a task's model must be whole on each device."""
    if getattr(task.evaluation, "beyond_forward", False):
        return "its evaluation uses the model otherwise than by calling it, as generate does"
    return None


def why_not_trainable(task: Task) -> str | None:
    """Why a task cannot be trained at all."""
    if not any(parameter.requires_grad for parameter in task.model.parameters()):
        return "the model has no parameter to train"
    unknown = why_unknown(task.model)
    if unknown is not None:
        return f"{unknown}, which is not known to train right but by a loop of its own"
    for name, parameter in task.model.named_parameters():
        if getattr(parameter, "_post_accumulate_grad_hooks", None):
            return f"the parameter {name} has a hook that may step it during the backward"
    return None

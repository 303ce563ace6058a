"""One device does everything."""

from __future__ import annotations

from ...task import Task
from ..model.memory_estimate import MemoryEstimate
from .activation_checkpointing import checkpoint_blocks, checkpointed
from .context import Context, Knobs
from .demand import Demand
from .runner import Runner
from .technique import BuiltInTechnique, Choice, DeviceKind, why_not_trainable


class Single(BuiltInTechnique):
    """The plain training step, and the reference for all other techniques."""

    name = "single"
    order = 10
    texture = None
    demands: frozenset[Demand] = frozenset()

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        if devices != 1:
            return "it runs on one device only"
        return why_not_trainable(task)

    def choices(self, task: Task, devices: int) -> list[Choice]:
        return [Choice(), *checkpointed(self.name, task, {})]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        return footprint.resident + max(footprint.trained, footprint.kept(knobs))

    def build(self, task: Task, context: Context) -> Runner:
        if context.knobs.get("checkpointing"):
            checkpoint_blocks(task)
        return Runner(task, task.model.to(context.device), context)

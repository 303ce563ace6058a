"""One device does everything."""

from __future__ import annotations

from ...task import Task
from .context import Context
from .runner import Runner
from .technique import why_not_trainable


class Single:
    """The plain training step, and the reference for all other techniques."""

    name = "single"

    def feasible(self, task: Task, devices: int) -> str | None:
        if devices != 1:
            return "it runs on one device only"
        return why_not_trainable(task)

    def build(self, task: Task, context: Context) -> Runner:
        return Runner(task, task.model.to(context.device), context)

"""The task's own loop, in the ranks it is given."""

from __future__ import annotations

from ...errors import SaturnError
from ...task import Task
from .context import Context
from .runner import Runner
from .technique import BuiltInTechnique, DeviceKind, Texture


class Native(BuiltInTechnique):
    """For tasks that train by themselves, which are no `Task`: what they are tells their loop."""

    name = "native"
    order = 90
    texture = Texture(path="M1 1H5V5H1ZM7 7H11V11H7Z", size=12, stroke=1)

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        return "it is for tasks that train by their own loop"

    def build(self, task: Task, context: Context) -> Runner:
        raise SaturnError("infeasible", "A Task has no loop of its own to run.")

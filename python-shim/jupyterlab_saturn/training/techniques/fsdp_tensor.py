"""Layers split inside over some devices, and what they are made of sharded over the others."""

from __future__ import annotations

from ...task import Task
from ..model.memory_estimate import MemoryEstimate
from .context import Context, Knobs
from .fsdp import ShardedRunner, is_frugal, shard_model, sharded_bytes, why_not_shardable
from .runner import Runner
from .technique import BuiltInTechnique, Choice, DeviceKind, Texture, why_not_data_parallel
from .tensor import Split, SplitRunner, why_not_joined


class ShardedTensor(BuiltInTechnique):
    """tensor within groups of neighbouring devices, fsdp between them: for the largest models.

    Knob ``tensor``: devices in a group.
    """

    name = "fsdp-tensor"
    order = 80
    texture = Texture(path="M0 2.5H10M2.5 7.5h0M7.5 7.5h0", size=10, stroke=1.8)

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        grids = _grids(devices)
        if not grids:
            return "it takes a grid of two groups or more of 2, 4 or 8 devices, as 4 devices are"
        reasons = [_why_not(task, devices, group) for group in grids]
        return why_not_shardable(task) or (None if None in reasons else reasons[0])

    def choices(self, task: Task, devices: int) -> list[Choice]:
        fitting = [g for g in _grids(devices) if _why_not(task, devices, g) is None]
        return [Choice(knobs={"tensor": group, "reshard": True}) for group in fitting[:2]]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        return sharded_bytes(footprint, devices, devices, knobs) if is_frugal(knobs) else 0

    def build(self, task: Task, context: Context) -> Runner:
        size = context.world.size
        group = int(context.knobs.get("tensor", _grids(size)[0]))
        mesh = context.mesh(shard=size // group, tensor=group)
        context.unify(task.model)
        split = Split(task, mesh["tensor"])
        shard_model(task, context, mesh["shard"])
        place = mesh.get_local_rank("shard")
        parts = {"data_rank": place, "data_ranks": size // group}
        return _ShardedTensorRunner(split, task, context, **parts)


class _ShardedTensorRunner(SplitRunner, ShardedRunner):
    """Steps a model that is split and sharded. A group's ranks work on the same samples."""


def _grids(devices: int) -> list[int]:
    """Sizes of the groups there can be, such that there are two or more of them."""
    return [group for group in (2, 4, 8) if devices % group == 0 and devices >= 2 * group]


def _why_not(task: Task, devices: int, group: int) -> str | None:
    return why_not_data_parallel(task, devices // group) or why_not_joined(task, group)

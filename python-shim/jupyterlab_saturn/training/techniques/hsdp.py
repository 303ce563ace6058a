"""Copies of the model, each sharded over a part of the devices."""

from __future__ import annotations

from ...task import Task
from ..model.memory_estimate import MemoryEstimate
from .context import Context, Knobs
from .fsdp import ShardedRunner, frugal_choices, shard_model, sharded_bytes, why_not_shardable
from .runner import Runner
from .technique import BuiltInTechnique, Choice, DeviceKind, Texture, why_not_data_parallel


class HybridSharded(BuiltInTechnique):
    """`fully_shard` on a grid of replicas and shards: fewer devices to gather from than fsdp."""

    name = "hsdp"
    order = 40
    from_root = True
    texture = Texture(
        path="M-3 3L3 -3M0 12L12 0M9 15L15 9M1 5h0M5 1h0M7 11h0M11 7h0", size=12, stroke=1.8
    )

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        if not _replicas(devices):
            return "it takes a grid of two copies or more over two shards or more, as 4 devices are"
        return why_not_data_parallel(task, devices) or why_not_shardable(task)

    def choices(self, task: Task, devices: int) -> list[Choice]:
        """More copies first: they take more memory and gather less."""
        counts = _replicas(devices)
        choices: list[Choice] = []
        for count in counts:
            instead_of = (self.name, choices[-1].knobs) if choices else None
            knobs = {"replicas": count, "reshard": False}
            choices.append(Choice(knobs=knobs, instead_of=instead_of))
        return [*choices, *frugal_choices(self.name, task, {"replicas": counts[-1]})]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        return sharded_bytes(footprint, devices // _copies(knobs, devices), devices, knobs)

    def build(self, task: Task, context: Context) -> Runner:
        size = context.world.size
        copies = _copies(context.knobs, size)
        shard_model(task, context, context.mesh(replicate=copies, shard=size // copies))
        return ShardedRunner(task, context)


def _copies(knobs: Knobs, devices: int) -> int:
    return int(knobs.get("replicas", _replicas(devices)[-1]))


def _replicas(devices: int) -> list[int]:
    """How many copies of two shards or more there can be, the most first; none for a prime."""
    return [count for count in range(devices // 2, 1, -1) if devices % count == 0]

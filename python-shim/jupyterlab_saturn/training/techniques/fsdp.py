"""Parameters, gradients and optimizer state sharded over the devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch.distributed.fsdp import FSDPModule, fully_shard

from ...task import Task
from ..footprint import Footprint
from ..world import check_average
from .blocks import find_blocks
from .context import Context, Knobs
from .runner import Runner
from .technique import Choice, DeviceKind, why_not_data_parallel


class FullySharded:
    """FSDP2, `torch.distributed.fsdp.fully_shard`: for models that do not fit on one device.

    Blocks gather their parameters when they run and drop them after; what is outside of blocks
    stays gathered. A model without repeated blocks is sharded as a whole, which saves the
    memory of gradients and optimizer state only.
    """

    name = "fsdp"

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        if devices < 2:
            return "on one device it is the same as single"
        return why_not_data_parallel(task, devices) or why_not_shardable(task)

    def choices(self, task: Task, devices: int) -> list[Choice]:
        return [Choice()]

    def estimate(self, footprint: Footprint, devices: int, knobs: Knobs) -> int:
        return (footprint.state + footprint.activations) // devices + footprint.largest_block

    def build(self, task: Task, context: Context) -> Runner:
        check_average(context.world, context.device)
        model = task.model.to(context.device)
        # Shards are cut from each rank's own copy: these must not differ.
        with torch.no_grad():
            context.world.copy_from_root([*chain(model.parameters(), model.buffers())])
        mesh = context.mesh(shard=context.world.size)
        for block in find_blocks(model, task.blocks):
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        return ShardedRunner(task, model, context)


class ShardedRunner(Runner):
    """Steps a module that `fully_shard` was applied to."""

    @contextmanager
    def _synchronising(self, last: bool) -> Iterator[None]:
        if isinstance(self.module, FSDPModule):
            self.module.set_requires_gradient_sync(last)
        yield


def why_not_shardable(task: Task) -> str | None:
    """Why a task's parameters cannot be sharded."""
    scalar = next((n for n, p in task.model.named_parameters() if p.dim() == 0), None)
    if scalar is not None:
        return f"the parameter {scalar} has no dimension to shard; give it shape (1,)"
    types = sorted({str(p.dtype) for p in task.model.parameters() if p.requires_grad})
    if len(types) > 1:
        return f"the model mixes parameters of {' and '.join(types)}"
    return None

"""Parameters, gradients and optimizer state sharded over the devices."""

from __future__ import annotations

from itertools import chain

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from ...task import Task
from ..world import check_average
from .blocks import find_blocks
from .context import Context
from .runner import Runner
from .technique import why_not_data_parallel


class FullySharded:
    """FSDP2, `torch.distributed.fsdp.fully_shard`: for models that do not fit on one device.

    Blocks gather their parameters when they run and drop them after; what is outside of blocks
    stays gathered. A model without repeated blocks is sharded as a whole, which saves the
    memory of gradients and optimizer state only.
    """

    name = "fsdp"

    def feasible(self, task: Task, devices: int) -> str | None:
        reason = why_not_data_parallel(task, devices)
        if reason is not None:
            return reason
        trained = [p for p in task.model.parameters() if p.requires_grad]
        scalar = next((n for n, p in task.model.named_parameters() if p.dim() == 0), None)
        if scalar is not None:
            return f"the parameter {scalar} has no dimension to shard; give it shape (1,)"
        types = sorted({str(parameter.dtype) for parameter in trained})
        if len(types) > 1:
            return f"the model mixes parameters of {' and '.join(types)}"
        return None

    def build(self, task: Task, context: Context) -> Runner:
        check_average(context.world, context.device)
        model = task.model.to(context.device)
        # Shards are cut from each rank's own copy: these must not differ.
        with torch.no_grad():
            context.world.copy_from_root([*chain(model.parameters(), model.buffers())])
        # Given explicitly: the default mesh is of GPUs whenever there are some.
        mesh = init_device_mesh(
            context.device.type, (context.world.size,), mesh_dim_names=("shard",)
        )
        for block in find_blocks(model, task.blocks):
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        return Runner(task, model, context)

"""Parameters, gradients and optimizer state sharded over the devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, OffloadPolicy, fully_shard

from ...task import Task
from ..components.module_device import tell_device
from ..model.blocks import find_blocks
from ..model.memory_estimate import MemoryEstimate
from ..runtime.process_group import check_average
from ..task.task_validation import why_not_split
from .activation_checkpointing import checkpoint_blocks, checkpointed
from .context import Context, Knobs
from .runner import Runner
from .technique import (
    BuiltInTechnique,
    Choice,
    DeviceKind,
    Texture,
    why_not_data_parallel,
    why_not_in_pieces,
    why_not_replaced,
)


class FullySharded(BuiltInTechnique):
    """FSDP2, `torch.distributed.fsdp.fully_shard`: for models that do not fit on one device.

    Blocks gather their parameters when they run. With the knob ``reshard`` they drop them right
    after, and gradients are reduced after each micro-batch; without, both stay for the step.
    """

    name = "fsdp"
    order = 30
    from_root = True
    spans = True
    texture = Texture(path="M1.5 1.5h0M4.5 4.5h0", size=6, stroke=1.8)

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        if devices < 2:
            return "on one device it is the same as single"
        return why_not_data_parallel(task, devices) or why_not_shardable(task)

    def choices(self, task: Task, devices: int) -> list[Choice]:
        return [Choice(knobs={"reshard": False}), *frugal_choices(self.name, task, {})]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        return sharded_bytes(footprint, devices, devices, knobs)

    def build(self, task: Task, context: Context) -> Runner:
        shard_model(task, context, context.mesh(shard=context.world.size))
        return ShardedRunner(task, context)


class ShardedRunner(Runner):
    """Steps a model that `shard_model` was applied to.

    Parameters
    ----------
    parts
        ``data_rank`` and ``data_ranks`` as of `Runner`.
    """

    def __init__(self, task: Task, context: Context, **parts: int) -> None:
        super().__init__(task, task.model, context, **parts)
        self._frugal = is_frugal(context.knobs)
        self._synchronises = True  # as PyTorch has it by itself
        # Kept, they would be the whole model on each device.
        self._caches_casts = not self._frugal

    @contextmanager
    def _synchronising(self, last: bool) -> Iterator[None]:
        # Each call goes through all modules, and nearly all steps have one micro-batch.
        told = self._synchronises != last
        self._synchronises = last
        if told and not self._frugal and isinstance(self.module, FSDPModule):
            self.module.set_requires_gradient_sync(last)
            self.module.set_reshard_after_backward(last)
        yield


def shard_model(
    task: Task, context: Context, mesh: DeviceMesh, offload: OffloadPolicy | None = None
) -> None:
    """Shard a task's model over the last size of a mesh, block by block. A collective.

    It moves to the device one block at a time, so it need not fit there as a whole. What is
    outside of blocks is gathered for the whole of a micro-batch.
    """
    check_average(context.world, context.device)
    model = task.model
    if context.knobs.get("checkpointing"):
        checkpoint_blocks(task)
    policy = OffloadPolicy() if offload is None else offload
    for block in find_blocks(model, task.blocks):
        context.unify(block)
        fully_shard(
            block,
            mesh=mesh,
            reshard_after_forward=is_frugal(context.knobs),
            offload_policy=policy,
        )
    context.unify(model)
    fully_shard(model, mesh=mesh, offload_policy=policy)
    tell_device(model, context.device)


def frugal_choices(technique: str, task: Task, knobs: Knobs) -> list[Choice]:
    """The choice of `knobs` with ``reshard``, for where it does not fit without, and so on.

    None for a model without blocks.
    """
    if not find_blocks(task.model, task.blocks):
        return []
    fast, frugal = ({**knobs, "reshard": reshard} for reshard in (False, True))
    return [
        Choice(knobs=frugal, instead_of=(technique, fast)),
        *checkpointed(technique, task, frugal),
    ]


def is_frugal(knobs: Knobs) -> bool:
    """Whether what is gathered is to be dropped as soon as it may be."""
    return bool(knobs.get("reshard", True))


def sharded_bytes(footprint: MemoryEstimate, shards: int, devices: int, knobs: Knobs) -> int:
    """Bytes that each of some devices needs at the least when so many share one copy."""
    kept = footprint.kept(knobs) // devices
    whole = footprint.trained + footprint.frozen
    most = max(kept, footprint.largest_block) if is_frugal(knobs) else kept + whole
    return footprint.resident // shards + max(footprint.trained // shards, most)


def why_not_shardable(task: Task) -> str | None:
    """Why a task's parameters cannot be sharded."""
    scalar = next((n for n, p in task.model.named_parameters() if p.dim() == 0), None)
    if scalar is not None:
        return f"the parameter {scalar} has no dimension to shard; give it shape (1,)"
    types = sorted({str(p.dtype) for p in task.model.parameters() if p.requires_grad})
    if len(types) > 1:
        return f"the model mixes parameters of {' and '.join(types)}"
    return why_not_in_pieces(task) or why_not_replaced(task) or why_not_split(task)

"""Parameters, gradients and optimizer state on the host, and activations, too."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Any

import torch
from torch.autograd.graph import save_on_cpu
from torch.distributed.fsdp import CPUOffloadPolicy

from ...task import Task
from ..model.memory_estimate import MemoryEstimate
from .activation_checkpointing import checkpointed
from .context import Context, Knobs
from .fsdp import FullySharded, ShardedRunner, shard_model, why_not_shardable
from .runner import Runner
from .single import Single
from .technique import BuiltInTechnique, Choice, DeviceKind, Texture, why_not_data_parallel


class Offloaded(BuiltInTechnique):
    """`fully_shard` with `CPUOffloadPolicy`, on one device or more.

    A block's parameters visit the device while it runs, its gradients leave right after, and the
    optimizer steps on the host. With the knob ``activations``, what the forward keeps for the
    backward waits on the host, too. On CPU devices all this moves nothing.
    """

    name = "offload"
    order = 50
    from_root = True
    texture = Texture(path="M0 0L8 8M0 8L8 0", size=8, stroke=1)

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        return why_not_data_parallel(task, devices) or why_not_shardable(task)

    def choices(self, task: Task, devices: int) -> list[Choice]:
        faster = Single() if devices == 1 else FullySharded()
        frugal = faster.choices(task, devices)[-1].knobs
        choices = [Choice(instead_of=(faster.name, frugal)), *checkpointed(self.name, task, {})]
        last = choices[-1].knobs
        spilling = Choice(knobs={**last, "activations": True}, instead_of=(self.name, last))
        return [*choices, spilling]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        kept = 0 if knobs.get("activations") else footprint.kept(knobs) // devices
        return max(kept, footprint.largest_block)

    def build(self, task: Task, context: Context) -> Runner:
        mesh = context.mesh(shard=context.world.size)
        shard_model(task, context, mesh, CPUOffloadPolicy(pin_memory=_is_gpu(context.device)))
        spills = context.knobs.get("activations")
        return _SpillingRunner(task, context) if spills else ShardedRunner(task, context)


def _is_gpu(device: torch.device) -> bool:
    """Whether host memory is worth pinning for it."""
    return device.type == "cuda"


class _SpillingRunner(ShardedRunner):
    def _precise(self) -> AbstractContextManager[Any]:
        spilling = ExitStack()
        spilling.enter_context(save_on_cpu(pin_memory=_is_gpu(self._device)))
        spilling.enter_context(super()._precise())
        return spilling

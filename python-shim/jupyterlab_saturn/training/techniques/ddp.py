"""A copy of the model on each device, gradients averaged."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch.nn.parallel import DistributedDataParallel

from ...errors import SaturnError
from ...task import Task
from ..model.memory_estimate import MemoryEstimate
from ..task.data_order import MicroBatch
from .activation_checkpointing import checkpoint_blocks, checkpointed
from .context import Context, Knobs
from .runner import Runner
from .technique import BuiltInTechnique, Choice, DeviceKind, Texture, why_not_data_parallel


class DataParallel(BuiltInTechnique):
    """`torch.nn.parallel.DistributedDataParallel`: fast while the model fits on each device."""

    name = "ddp"
    order = 20
    from_root = True
    spans = True
    texture = Texture(path="M-2 2L2 -2M0 8L8 0M6 10L10 6", size=8, stroke=1.5)
    demands = frozenset({"every-gradient", "divisible-batch", "equal-state"})

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        if devices < 2:
            return "on one device it is the same as single"
        return why_not_data_parallel(task, devices)

    def choices(self, task: Task, devices: int) -> list[Choice]:
        return [Choice(), *checkpointed(self.name, task, {})]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        # Gradients live in buckets that are there all the time.
        return footprint.state + footprint.kept(knobs) // devices

    def build(self, task: Task, context: Context) -> Runner:
        if context.knobs.get("checkpointing"):
            checkpoint_blocks(task)
        device = context.device
        context.unify(task.model)
        # Copies rank 0's parameters and buffers to the others, too.
        module = DistributedDataParallel(
            task.model.to(device),
            device_ids=[device] if device.type == "cuda" else None,
            gradient_as_bucket_view=True,
        )
        # Buffers stay alike: `BatchNorms` sees to it. As an option it has a name by version.
        module.broadcast_buffers = False
        return _DataParallelRunner(task, module, context)


class _DataParallelRunner(Runner):
    module: DistributedDataParallel

    def step(self, micro_batches: Sequence[MicroBatch]) -> torch.Tensor:
        try:
            return super().step(micro_batches)
        except RuntimeError as error:
            if "Expected to have finished reduction" not in str(error):
                raise
            raise SaturnError(
                "unused-parameters",
                "Some parameters that are to be trained take no part in the loss, so ddp waits "
                "for their gradients in vain.",
                "Freeze them with requires_grad_(False), or run the task with single or fsdp.",
            ) from error

    def _synchronising(self, last: bool) -> AbstractContextManager[None]:
        return nullcontext() if last else self.module.no_sync()

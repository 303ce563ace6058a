"""A copy of the model on each device, gradients averaged."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

from ...errors import SaturnError
from ...task import Task
from .context import Context
from .runner import Runner
from .technique import why_not_data_parallel


class DataParallel:
    """`torch.nn.parallel.DistributedDataParallel`: fast while the model fits on each device."""

    name = "ddp"

    def feasible(self, task: Task, devices: int) -> str | None:
        return why_not_data_parallel(task, devices)

    def build(self, task: Task, context: Context) -> Runner:
        device = context.device
        # Copies rank 0's parameters and buffers to the others, too.
        module = DistributedDataParallel(
            task.model.to(device), device_ids=[device] if device.type == "cuda" else None
        )
        return _DataParallelRunner(task, module, context)


class _DataParallelRunner(Runner):
    def step(self, batch: Any) -> torch.Tensor:
        try:
            return super().step(batch)
        except RuntimeError as error:
            if "Expected to have finished reduction" not in str(error):
                raise
            raise SaturnError(
                "unused-parameters",
                "Some parameters that are to be trained take no part in the loss, so ddp waits "
                "for their gradients in vain.",
                "Freeze them with requires_grad_(False), or run the task with single or fsdp.",
            ) from error

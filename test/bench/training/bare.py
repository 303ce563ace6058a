"""The same training, written by hand as PyTorch's tutorials do, without this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, OffloadPolicy, fully_shard
from torch.distributed.pipelining import PipelineStage, Schedule1F1B
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.nn.parallel import DistributedDataParallel

Step = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Loop:
    """Steps through shuffled data. Each rank of a data-parallel technique takes its part."""

    def __init__(self, task: Any, step: Step, rank: int, ranks: int) -> None:
        self._inputs, self._targets = task.data.tensors
        self._step = step
        self._part = task.batch_size // ranks
        self._offset = rank * self._part
        self._batch = task.batch_size
        self._order = torch.randperm(len(self._inputs))
        self._place = 0

    def advance(self) -> torch.Tensor:
        """Make a step. Returns the loss."""
        if self._place + self._batch > len(self._inputs):
            self._order, self._place = torch.randperm(len(self._inputs)), 0
        first = self._place + self._offset
        chosen = self._order[first : first + self._part]
        self._place += self._batch
        return self._step(self._inputs[chosen], self._targets[chosen])


def loop(technique: str, task: Any, rank: int, ranks: int, micro_batches: int) -> Loop:
    """The hand-written loop of a technique."""
    model: nn.Sequential = task.model
    if technique == "pipeline":
        return Loop(task, _pipeline(task, rank, ranks, micro_batches), 0, 1)
    if technique == "tensor":
        mesh = init_device_mesh("cpu", (ranks,))
        for block in model[1]:
            parallelize_module(block.feed, mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})
        return Loop(task, _step(model, task), 0, 1)
    if technique == "ddp":
        return Loop(task, _step(DistributedDataParallel(model), task), rank, ranks)
    if technique in ("fsdp", "offload"):
        mesh = init_device_mesh("cpu", (ranks,))
        offload = CPUOffloadPolicy(pin_memory=False) if technique == "offload" else OffloadPolicy()
        for block in model[1]:
            fully_shard(
                block,
                mesh=mesh,
                reshard_after_forward=technique == "offload",
                offload_policy=offload,
            )
        fully_shard(model, mesh=mesh, offload_policy=offload)
        return Loop(task, _step(model, task), rank, ranks)
    return Loop(task, _step(model, task), 0, 1)


def _step(model: nn.Module, task: Any) -> Step:
    optimizer = task.optimizer(model.parameters())
    schedule = task.schedule(optimizer, 0)

    def step(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        value: torch.Tensor = task.loss(model(inputs), targets)
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        return value.detach()

    return step


def _pipeline(task: Any, rank: int, ranks: int, micro_batches: int) -> Step:
    words, blocks, head = task.model
    each = len(blocks) // ranks
    mine = nn.Sequential(*blocks[rank * each : (rank + 1) * each])
    if rank == 0:
        mine.insert(0, words)
    if rank == ranks - 1:
        mine.append(head)
    optimizer = task.optimizer(mine.parameters())
    schedule = task.schedule(optimizer, 0)
    stage = PipelineStage(mine, rank, ranks, torch.device("cpu"))
    pipeline = Schedule1F1B(stage, micro_batches, task.loss)

    def step(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        losses: list[torch.Tensor] = []
        if rank == 0:
            pipeline.step(inputs)
        elif rank == ranks - 1:
            pipeline.step(target=targets, losses=losses)
        else:
            pipeline.step()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        return torch.stack(losses).mean().detach() if losses else torch.zeros(())

    return step

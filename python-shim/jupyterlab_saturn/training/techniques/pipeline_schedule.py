"""When a rank of a pipeline works on which micro-batch, by `torch.distributed.pipelining`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.distributed.pipelining import PipelineStage
from torch.distributed.pipelining.schedules import (
    Schedule1F1B,
    ScheduleGPipe,
    ScheduleInterleaved1F1B,
    ScheduleLoopedBFS,
)

from .pipeline_stages import Stages


class StageSchedule:
    """The order of forwards and backwards of some micro-batches of one shape.

    Making it is a collective.

    Parameters
    ----------
    forms
        What the stages around and of this rank return, by stage: tensors without memory.
    """

    def __init__(
        self,
        stages: Stages,
        forms: dict[int, torch.Tensor],
        micro_batches: int,
        device: torch.device,
    ) -> None:
        self._modules = [_StageModule(stage) for stage in stages.own]
        loss = torch.empty(1, device="meta", requires_grad=True)
        parts: list[Any] = [
            PipelineStage(
                module,
                module.stage,
                stages.count,
                device,
                input_args=() if module.stage == 0 else forms[module.stage - 1],
                output_args=forms.get(module.stage, loss),
            )
            for module in self._modules
        ]
        self._numbers = torch.arange(micro_batches)
        # The last stage returns its loss already, each with its weight in the batch.
        options: Any = {"loss_fn": lambda loss, _: loss, "scale_grads": False}
        ranks = stages.count // len(parts)
        # The schedules that take any number of micro-batches keep all their activations.
        kind: Callable[..., Any]
        if len(parts) == 1:
            kind = Schedule1F1B if micro_batches >= ranks else ScheduleGPipe
        else:
            even = micro_batches >= ranks and micro_batches % (micro_batches // ranks) == 0
            kind = ScheduleInterleaved1F1B if even else ScheduleLoopedBFS
        taken: Any = parts[0] if len(parts) == 1 else parts
        self._schedule = kind(taken, micro_batches, **options)

    def run(self, work: Callable[..., torch.Tensor]) -> None:
        """Forward and backward of all micro-batches.

        Parameters
        ----------
        work
            ``work(stage, number, *received)`` is a stage's forward of a micro-batch.
        """
        for module in self._modules:
            module.work = work
        try:
            self._schedule.step(number=self._numbers, target=self._numbers)
        except RuntimeError as error:
            # It wraps what stages raise in a text of its own.
            raise error.__cause__ or error from None
        finally:
            for module in self._modules:
                module.work = None  # it holds on to the batch


class _StageModule(nn.Module):
    """A stage as `PipelineStage` wants it. Parameters stay with the model."""

    def __init__(self, stage: int) -> None:
        super().__init__()
        self.stage = stage
        self.work: Callable[..., torch.Tensor] | None = None

    def forward(self, *received: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
        assert self.work is not None
        return self.work(self.stage, int(number), *received)

"""A task ready to step: its model on devices, its optimizer and its schedule."""

from __future__ import annotations

import pickle
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.tensor import DTensor

from ...errors import SaturnError
from ...task import Task
from ..batch import move, pair
from ..data import Samples, evaluation_parts
from ..optimizing import make_optimizer, make_schedule
from .context import Context

State = dict[str, Any]

# Keys by parameter name instead of by position, so that a state fits any technique's optimizer.
_FLAT = StateDictOptions(flatten_optimizer_state_dict=True)


class Runner:
    """Steps, evaluates, saves and restores a task under one technique.

    Parameters
    ----------
    task
        The task whose model `module` runs.
    module
        The model as the technique placed or wrapped it, on the context's device.
    """

    def __init__(self, task: Task, module: torch.nn.Module, context: Context) -> None:
        self.module = module
        self._task = task
        self._world = context.world
        self._device = context.device
        if not task.model.training:  # else as the factory left it, with what it froze
            task.model.train()
        self._optimizer = make_optimizer(
            task, [parameter for parameter in module.parameters() if parameter.requires_grad]
        )
        self._schedule = make_schedule(task, self._optimizer, context.steps)

    def step(self, batch: Any) -> torch.Tensor:
        """Make one optimizer step on this rank's part of a batch.

        Returns
        -------
        torch.Tensor
            Mean loss of this part, on the device: reading it waits for the step, so it is left
            to those who need it. Parts are equal, so the loss of the batch is the mean over ranks.

        Raises
        ------
        SaturnError
            ``bad-batch`` or ``bad-loss`` when dataset or loss do not fit together.
        """
        inputs, targets = pair(move(batch, self._device))
        loss = self._task.loss(self.module(inputs), targets)
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            raise SaturnError(
                "bad-loss",
                "The loss is not one number but "
                + (
                    f"a tensor of shape {tuple(loss.shape)}."
                    if isinstance(loss, torch.Tensor)
                    else f"a {type(loss).__name__}."
                ),
                "Return the mean over the samples of the batch.",
            )
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        if self._schedule is not None:
            self._schedule.step()
        return loss.detach()

    @torch.no_grad()
    def evaluate(self, samples: Samples) -> dict[str, float]:
        """The task's metrics over all samples, each counted once; the loss when it has none.

        A collective.
        """
        metrics = self._task.metrics or {"loss": self._task.loss}
        totals = dict.fromkeys(metrics, 0.0)
        size = max(1, self._task.batch_size // self._world.size)
        modes = [(module, module.training) for module in self.module.modules()]
        self.module.eval()
        for part, counted in evaluation_parts(
            samples.count, size, self._world.rank, self._world.size
        ):
            inputs, targets = pair(move(samples.batch(part), self._device))
            outputs = self.module(inputs)
            for name, metric in metrics.items():
                if counted > 0:
                    totals[name] += float(metric(outputs, targets)) * counted
        for module, mode in modes:
            module.training = mode
        sums = self._world.sum(list(totals.values()))
        return {name: total / samples.count for name, total in zip(totals, sums, strict=True)}

    def state(self) -> State:
        """Model, optimizer and schedule, each rank its shards; also the template to restore into.

        A collective.
        """
        schedule = None if self._schedule is None else self._schedule.state_dict()
        return {
            "model": get_model_state_dict(self.module),
            "optim": get_optimizer_state_dict(self.module, self._optimizer, options=_FLAT),
            # One value: what schedules keep differs in shape from step to step.
            "schedule": pickle.dumps(schedule),
        }

    def restore(self, state: State) -> None:
        """Take over a state of any technique and world size. A collective."""
        set_model_state_dict(self.module, state["model"])
        set_optimizer_state_dict(self.module, self._optimizer, state["optim"], options=_FLAT)
        if self._schedule is not None:
            self._schedule.load_state_dict(pickle.loads(state["schedule"]))

    def full_weights(self) -> dict[str, torch.Tensor]:
        """The plain model's state dict on the CPU, on rank 0; empty elsewhere. A collective."""
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        weights = get_model_state_dict(self.module, options=options)
        return dict(weights) if self._world.is_root else {}  # type: ignore[arg-type]

    def is_finite(self) -> bool:
        """Whether all weights on this rank are numbers."""
        return all(
            bool(torch.isfinite(_local(parameter)).all()) for parameter in self.module.parameters()
        )


def _local(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor.detach()

"""Techniques with one mistake each: what the conformance test is there to find."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.batch_norm import batch_norms
from jupyterlab_saturn.training.task.data_order import MicroBatch, Samples
from jupyterlab_saturn.training.techniques import (
    MOST_DEMANDS,
    BaseTechnique,
    Choice,
    Context,
    Demand,
    DeviceKind,
    Runner,
    State,
    why_not_data_parallel,
)


class AveragingRunner(Runner):
    """Right as it is: a copy on each device, gradients averaged one by one."""

    def _accumulate(self, micro_batches: Sequence[MicroBatch]) -> Any:
        part = super()._accumulate(micro_batches)
        for parameter in self._parameters():
            if parameter.grad is not None:
                self._average(parameter.grad)
        return part

    def _average(self, gradient: torch.Tensor) -> None:
        self._world.add_up(gradient).div_(self._world.size)


class Sound(BaseTechnique):
    """Nothing is wrong with it."""

    name = "sound"
    demands: frozenset[Demand] = frozenset({"constant-graph", "divisible-batch", "equal-state"})
    runner: type[Runner] = AveragingRunner

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        return why_not_data_parallel(task, devices)

    def build(self, task: Task, context: Context) -> Runner:
        return self.runner(task, task.model.to(context.device), context)


class _Summing(AveragingRunner):
    def _average(self, gradient: torch.Tensor) -> None:
        self._world.add_up(gradient)


class Sums(Sound):
    """Adds gradients up where it should average them."""

    name = "sums"
    runner = _Summing


class _Unscheduled(AveragingRunner):
    def __init__(self, task: Task, module: torch.nn.Module, context: Context) -> None:
        super().__init__(task, module, context)
        self.learning_rate.stepped = lambda: None  # type: ignore[method-assign]


class ForgetsSchedule(Sound):
    """Never changes the learning rate."""

    name = "forgets-schedule"
    runner = _Unscheduled


class _Forgetful(AveragingRunner):
    def restore(self, state: State) -> None:
        fresh = self.state()["optim"]
        super().restore({**state, "optim": {name: state["optim"][name] for name in fresh}})
        self._optimizer.state.clear()


class LosesMoments(Sound):
    """Begins with an empty optimizer after each pause."""

    name = "loses-moments"
    runner = _Forgetful


class _ClippingAlone(AveragingRunner):
    def _accumulate(self, micro_batches: Sequence[MicroBatch]) -> Any:
        part = Runner._accumulate(self, micro_batches)
        parameters = self._parameters()
        if self._task.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, self._task.clip_norm)
        for parameter in parameters:
            assert parameter.grad is not None
            self._average(parameter.grad)
        return part


class ClipsAlone(Sound):
    """Clips the gradient of each rank for itself."""

    name = "clips-alone"
    runner = _ClippingAlone


class _LastOnly(AveragingRunner):
    def _accumulate(self, micro_batches: Sequence[MicroBatch]) -> Any:
        part = super()._accumulate(micro_batches[:-1])
        for parameter in self._parameters():
            parameter.grad = None
        last = super()._accumulate(micro_batches[-1:])
        return last if len(micro_batches) == 1 else part


class DropsMicroBatches(Sound):
    """Forgets the gradients of all micro-batches but the last."""

    name = "drops-micro-batches"
    runner = _LastOnly


class _Repeating(AveragingRunner):
    def evaluate(self, samples: Samples) -> dict[str, float]:
        self.data_rank = 0
        return super().evaluate(samples)


class EvaluatesTwice(Sound):
    """Evaluates the first samples on every rank and the others on none."""

    name = "evaluates-twice"
    runner = _Repeating


class PromisesAll(Sound):
    """Says yes to a batch that does not divide."""

    name = "promises-all"

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        return None


class Mute(Sound):
    """Refuses without a reason."""

    name = "mute"

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        return "" if task.batch_size % devices else None


class LeavesProcess(Sound):
    """Starts a process that nobody ends."""

    name = "leaves-process"

    def build(self, task: Task, context: Context) -> Runner:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        return super().build(task, context)


class Hangs(Sound):
    """Waits for what never comes."""

    name = "hangs"

    def build(self, task: Task, context: Context) -> Runner:
        if context.world.rank == 1:
            time.sleep(600)
        context.world.gather(0)
        return super().build(task, context)


class _Raising(AveragingRunner):
    def step(self, micro_batches: Sequence[MicroBatch]) -> torch.Tensor:
        if self._world.rank == 1:
            raise ZeroDivisionError("no steps today")
        return super().step(micro_batches)


class Raises(Sound):
    """Raises on one rank while the other waits for it."""

    name = "raises"
    runner = _Raising


class RaisesWhenAsked(Sound):
    """Cannot even tell its settings."""

    name = "raises-when-asked"

    def choices(self, task: Task, devices: int) -> list[Choice]:
        raise KeyError("settings")


class Bold(Sound):
    """Demands nothing, though it divides batches and keeps a state on each device."""

    name = "bold"
    demands = frozenset()


class Shy(Sound):
    """Demands what it can do without, by saying nothing."""

    name = "shy"
    demands = MOST_DEMANDS


class _AveragingMeans(AveragingRunner):
    def _accumulate(self, micro_batches: Sequence[MicroBatch]) -> Any:
        share = 1 / self._world.size / len(micro_batches)
        return super()._accumulate([replace(micro, weight=share) for micro in micro_batches])


class AveragesMeans(Sound):
    """Averages the means of parts, however many samples they have."""

    name = "averages-means"
    runner = _AveragingMeans


class _DroppingLast(AveragingRunner):
    def step(self, micro_batches: Sequence[MicroBatch]) -> torch.Tensor:
        samples = self._world.sum([float(sum(micro.samples for micro in micro_batches))])[0]
        if samples == self._task.batch_size:
            return super().step(micro_batches)
        self.learning_rate.stepped()
        return torch.zeros(())


class DropsLastBatch(Sound):
    """Leaves out the last batch of an epoch when it is not whole."""

    name = "drops-last-batch"
    runner = _DroppingLast


class _ForgettingBuffers(AveragingRunner):
    def _model_state(self, changed: Collection[str]) -> Any:
        weights, extra = super()._model_state(changed)
        buffers = dict(self.module.named_buffers())
        return {name: value for name, value in weights.items() if name not in buffers}, extra


class ForgetsBuffers(Sound):
    """Leaves buffers out of its checkpoints."""

    name = "forgets-buffers"
    runner = _ForgettingBuffers


class _ForgettingExtra(AveragingRunner):
    def _model_state(self, changed: Collection[str]) -> Any:
        return super()._model_state(changed)[0], {}


class ForgetsExtraState(Sound):
    """Leaves state that is no tensor out of its checkpoints."""

    name = "forgets-extra-state"
    runner = _ForgettingExtra


class _NormalisingAlone(AveragingRunner):
    def __init__(self, task: Task, module: torch.nn.Module, context: Context) -> None:
        super().__init__(task, module, context)
        for layer in batch_norms(module):
            vars(layer).pop("forward", None)


class NormalisesAlone(Sound):
    """Takes the statistics of batch normalisation from the samples of each rank."""

    name = "normalises-alone"
    runner = _NormalisingAlone


class _TeachingFirst(AveragingRunner):
    def step(self, micro_batches: Sequence[MicroBatch]) -> torch.Tensor:
        frozen = [p for p in self.module.parameters() if not p.requires_grad]
        before = [parameter.clone() for parameter in frozen]
        share = super().step(micro_batches)
        if not self._world.is_root:
            with torch.no_grad():
                for parameter, value in zip(frozen, before, strict=True):
                    parameter.copy_(value)
        return share


class TeachesFirst(Sound):
    """Changes what is frozen on the first rank only."""

    name = "teaches-first"
    runner = _TeachingFirst

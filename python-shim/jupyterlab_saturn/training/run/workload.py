"""A task built and placed on its devices, ready to step: the same for trials and training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from ...errors import SaturnError
from ...task import Task
from ..components.predictions import MetricsFailed
from ..components.seeding import derive
from ..fusion import FusedModel, FusedSteps, Made
from ..model.performance_signature import require_length, require_signature
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..task.batch_loader import BatchLoader
from ..task.data_order import MicroBatch, TrainBatches
from ..task.factory import build_task, total_steps
from ..task.samples import Samples
from ..task.warm_start import take_weights
from ..techniques import Context, Runner, find
from .built_once import build_once


class Workload(AbstractContextManager["Workload"]):
    """What one rank does of a task, step by step. Leaving it ends the processes that load.

    Attributes
    ----------
    step
        Optimizer steps made so far.
    samples
        Of the data to train on.
    parameters
        Of the whole model; None when that was not counted.
    """

    def __init__(
        self, task: Task, runner: Runner, seed: int, steps: int, parameters: int | None = None
    ) -> None:
        self.task = task
        self.runner = runner
        self.step = 0
        self.parameters = parameters
        self._seed = seed
        samples = Samples(task.data, task.collate, seed)
        self.samples = samples.count
        batches = TrainBatches(
            task,
            samples,
            seed,
            runner.data_rank,
            runner.data_ranks,
            runner.micro_batches,
        )
        self._steps_per_epoch = batches.steps_per_epoch
        self._loader = BatchLoader(batches, task.workers, steps)

    @classmethod
    def build(
        cls,
        spec: WorkloadSpec,
        world: ProcessGroup,
        device: RankDevice,
        *,
        steps: int | None = None,
        loads: int | None = None,
        weights: Path | None = None,
        fused: FusedModel | None = None,
    ) -> Workload:
        """Build a task under its strategy. A collective.

        Parameters
        ----------
        steps
            Optimizer steps in all, for the schedule; the task's own number when None.
        loads
            Steps that batches may be loaded for, when that is another number.
        weights
            Folder of those that it was finished with, when it was.
        fused
            Upon which it is built together with others; alone when None.

        Raises
        ------
        SaturnError
            As `find`, `build_task`, `require_signature`, `require_length` and
            `FusedModel.build`; ``infeasible``.
        """
        way = find(spec.strategy["technique"], spec.techniques)
        # What is fused must have its frozen numbers, to be compared, before it is placed.
        shared = world.size > 1 and getattr(way, "from_root", False) and fused is None
        task = build_once(spec, world) if shared else build_task(spec.paths, spec.task)
        if weights is not None:
            take_weights(weights, task.model)
        if spec.signature and world.is_root and (device.kind == "cuda" or spec.assumed):
            require_signature(task, spec.task, spec.signature)
        if spec.assumed and steps is not None:
            require_length(task, spec.task, steps)
        # Techniques may leave a part of them here.
        parameters = sum(each.numel() for each in task.model.parameters())
        reason = way.feasible(task, world.size, device.kind)
        if reason is not None:
            raise SaturnError(
                "infeasible",
                f"{way.name} cannot run {spec.task['name']} on {world.size}: {reason}.",
            )
        steps = total_steps(task, spec.task) if steps is None else steps
        context = Context(
            world=world,
            device=device.torch_device,
            steps=steps,
            knobs=spec.strategy.get("knobs", {}),
        )
        runner = way.build(task, context) if fused is None else fused.build(spec, task, context)
        return cls(task, runner, spec.task["seed"], loads or steps, parameters)

    def __exit__(self, *_: object) -> None:
        self._loader.close()

    def load(self) -> list[MicroBatch]:
        """This rank's part of the next step's batch. Raises like `BatchLoader.load`."""
        return self._loader.load(self.step)

    def advance(self, micro_batches: list[MicroBatch] | None = None) -> torch.Tensor:
        """Make the next step, on what `load` gave. Returns this rank's share of the loss."""
        loaded = self.load() if micro_batches is None else micro_batches
        if self.task.before_step is not None:
            self.task.before_step(self.step, self.step // self._steps_per_epoch)
        share = self.runner.step(loaded)
        self._ended_step()
        return share

    @staticmethod
    def advance_together(
        loaded: Mapping[Workload, Sequence[MicroBatch]], steps: FusedSteps
    ) -> dict[Workload, Made]:
        """As `advance`, of several that were built upon one model, by one forward of all.

        Returns
        -------
        dict
            As `FusedSteps.make`.
        """
        made = steps.make({each.runner: batches for each, batches in loaded.items()})
        for each in loaded:
            if not isinstance(made[each.runner], Exception):
                each._ended_step()
        return {each: made[each.runner] for each in loaded}

    def skip(self, steps: int, known: Mapping[int, Mapping[str, float]]) -> None:
        """Go to a step without training, the schedule as if it had been gone there with.

        Parameters
        ----------
        known
            Metrics that were evaluated on the way, by step: a schedule may follow them.
        """
        with warnings.catch_warnings():
            # PyTorch misses the steps of the optimizer.
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            while self.step < steps:
                self.runner.learning_rate.stepped()
                self._ended_step()
                if self.step in known:
                    self.runner.learning_rate.evaluated(known[self.step])

    def _ended_step(self) -> None:
        self.step += 1
        if self.step % self._steps_per_epoch == 0:
            self.runner.learning_rate.ended_epoch()

    def evaluate(self) -> dict[str, float]:
        """The loss and the metrics on held-out data; nothing when there is none. A collective.

        Raises
        ------
        MetricsFailed
            On all ranks, when the task's metrics do.
        """
        held_out = self.task.eval_data
        if held_out is None:
            return {}
        several = isinstance(held_out, Mapping)
        sets: Mapping[str, Any] = held_out if isinstance(held_out, Mapping) else {"": held_out}
        metrics: dict[str, float] = {}
        failed: MetricsFailed | None = None
        for name, data in sets.items():
            try:
                found = self._evaluate(data)
            except MetricsFailed as error:
                found, failed = error.known, failed or error
            metrics.update({f"{name}_{key}" if several else key: v for key, v in found.items()})
        if failed is not None:
            raise MetricsFailed(metrics, failed.failure)
        return metrics

    def _evaluate(self, data: Any) -> dict[str, float]:
        evaluation, samples = self.task.evaluation, self.held_out(data)
        if evaluation is not None:
            return self.runner.evaluate_all(samples, evaluation, self.step)
        return self.runner.evaluate(samples)

    def held_out(self, data: Any) -> Samples:
        """A held-out dataset, as it is evaluated."""
        collate = self.task.eval_collate or self.task.collate
        return Samples(data, collate, derive(self._seed, "eval"))

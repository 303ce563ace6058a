"""A task built and placed on its devices, ready to step: the same for trials and training."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from ...errors import SaturnError
from ...task import Task
from ..components.seeding import derive
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..task.batch_loader import BatchLoader
from ..task.data_order import MicroBatch, Samples, TrainBatches
from ..task.factory import build_task
from ..techniques import Context, Runner, find


class Workload(AbstractContextManager["Workload"]):
    """What one rank does of a task, step by step. Leaving it ends the processes that load.

    Attributes
    ----------
    step
        Optimizer steps made so far.
    """

    def __init__(self, task: Task, runner: Runner, seed: int, steps: int) -> None:
        self.task = task
        self.runner = runner
        self.step = 0
        self._seed = seed
        batches = TrainBatches(
            Samples(task.data, task.collate, seed),
            task.batch_size,
            seed,
            runner.data_rank,
            runner.data_ranks,
            runner.micro_batches,
        )
        self._loader = BatchLoader(batches, task.workers, steps)

    @classmethod
    def build(
        cls, spec: WorkloadSpec, world: ProcessGroup, device: RankDevice, steps: int
    ) -> Workload:
        """Build a task under its strategy. A collective.

        Parameters
        ----------
        steps
            Optimizer steps in all, for the schedule.

        Raises
        ------
        SaturnError
            As `find` and `build_task`; ``infeasible``.
        """
        way = find(spec.strategy["technique"], spec.techniques)
        task = build_task(spec.paths, spec.task)
        reason = way.feasible(task, world.size, device.kind)
        if reason is not None:
            raise SaturnError(
                "infeasible",
                f"{way.name} cannot run {spec.task['name']} on {world.size}: {reason}.",
            )
        context = Context(
            world=world,
            device=device.torch_device,
            steps=steps,
            knobs=spec.strategy.get("knobs", {}),
        )
        return cls(task, way.build(task, context), spec.task["seed"], steps)

    def __exit__(self, *_: object) -> None:
        self._loader.close()

    def load(self) -> list[MicroBatch]:
        """This rank's part of the next step's batch. Raises like `BatchLoader.load`."""
        return self._loader.load(self.step)

    def advance(self, micro_batches: list[MicroBatch] | None = None) -> torch.Tensor:
        """Make the next step, on what `load` gave. Returns this rank's share of the loss."""
        share = self.runner.step(self.load() if micro_batches is None else micro_batches)
        self.step += 1
        return share

    def evaluate(self) -> dict[str, float]:
        """Metrics on held-out data; none when there is none. A collective."""
        if self.task.eval_data is None:
            return {}
        samples = Samples(self.task.eval_data, self.task.collate, derive(self._seed, "eval"))
        return self.runner.evaluate(samples)

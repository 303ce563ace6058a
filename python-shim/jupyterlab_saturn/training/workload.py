"""A task built and placed on its devices, ready to step: the same for trials and training."""

from __future__ import annotations

import torch

from ..errors import SaturnError
from ..task import Task
from .data import Samples, TrainBatches
from .device import RankDevice
from .factory import build_task
from .request import Request
from .seeding import derive, seed_all
from .techniques import Context, Runner, technique
from .world import World


class Workload:
    """What one rank does of a task, step by step.

    Attributes
    ----------
    step
        Optimizer steps made so far.
    """

    def __init__(self, task: Task, runner: Runner, seed: int, world: World) -> None:
        self.task = task
        self.runner = runner
        self.step = 0
        self._seed = seed
        self._rank = world.rank
        self._batches = TrainBatches(
            Samples(task.data, task.collate, seed),
            task.batch_size,
            seed,
            world.rank,
            world.size,
        )

    @classmethod
    def build(cls, request: Request, world: World, device: RankDevice, steps: int) -> Workload:
        """Build the request's task under its strategy. A collective.

        Parameters
        ----------
        steps
            Optimizer steps in all, for the schedule.

        Raises
        ------
        SaturnError
            As `build_task`; ``unknown-technique`` or ``infeasible``.
        """
        spec = request.task
        way = technique(request.strategy["technique"])
        task = build_task(request.paths, spec)
        reason = way.feasible(task, world.size)
        if reason is not None:
            raise SaturnError(
                "infeasible", f"{way.name} cannot run {spec['name']} on {world.size}: {reason}."
            )
        context = Context(world=world, device=device.torch_device, steps=steps)
        return cls(task, way.build(task, context), spec["seed"], world)

    def advance(self) -> torch.Tensor:
        """Make the next step. Returns the mean loss of this rank's part, on the device."""
        # What the step draws depends on the step, so a resumed run draws the same.
        seed_all(derive(self._seed, "step", self.step, self._rank))
        loss = self.runner.step(self._batches.batch(self.step))
        self.step += 1
        return loss

    def evaluate(self) -> dict[str, float]:
        """Metrics on held-out data; none when there is none. A collective."""
        if self.task.eval_data is None:
            return {}
        samples = Samples(self.task.eval_data, self.task.collate, derive(self._seed, "eval"))
        return self.runner.evaluate(samples)

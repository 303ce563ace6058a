"""A technique that trains a tiny model and then sleeps for as long as a real one would take."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.task.data_order import MicroBatch
from jupyterlab_saturn.training.techniques import BaseTechnique, Choice, Runner


def speeds(task: Task) -> dict[str, dict[str, float]]:
    """Seconds of a step by variant and number of devices, as the model carries them."""
    table: dict[str, dict[str, float]] = json.loads(str(getattr(task.model, "speeds", "{}")))
    return table


class PacedRunner(Runner):
    """Every rank trains on the whole batch, and lasts as long as a step on a device would.

    What the process does by itself counts as part of that time, as it does where a device computes
    while its process goes on.
    """

    seconds: float
    _over = 0.0

    def step(self, micro_batches: Sequence[MicroBatch]) -> torch.Tensor:
        share = super().step(micro_batches)
        begun = self._over or time.perf_counter()
        time.sleep(max(0.0, begun + self.seconds - time.perf_counter()))
        self._over = max(time.perf_counter() - self.seconds, begun + self.seconds)
        return share


class Sleeping(BaseTechnique):
    """Runs tasks whose models say how long a step takes."""

    name = "sleeping"

    def feasible(self, task: Task, devices: int, kind: str) -> str | None:
        if not self.choices(task, devices):
            return f"the model says nothing of {devices} devices"
        return None

    def choices(self, task: Task, devices: int) -> list[Choice]:
        return [
            Choice(knobs={"variant": variant})
            for variant, seconds in speeds(task).items()
            if str(devices) in seconds
        ]

    def build(self, task: Task, context: Any) -> Runner:
        context.unify(task.model)
        runner = PacedRunner(
            task, task.model.to(context.device), context, data_rank=0, data_ranks=1
        )
        runner.seconds = speeds(task)[str(context.knobs["variant"])][str(context.world.size)]
        return runner

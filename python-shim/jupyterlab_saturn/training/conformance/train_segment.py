"""A stretch of a task's training under one strategy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import Json
from ...paths import SessionPaths
from ..checkpoint import Checkpoints
from ..data import MicroBatch
from ..device import CpuDevice
from ..export import write_model
from ..request import Request
from ..workload import Workload
from ..world import World

Probe = Callable[[MicroBatch], Any]


@dataclass(frozen=True, kw_only=True)
class Leg:
    """A stretch of a task's training under one strategy, from its newest checkpoint on.

    Attributes
    ----------
    folder
        Of the session that the task belongs to.
    steps, until
        Optimizer steps in all, and after how many this leg ends.
    save
        Whether to commit a checkpoint at the end.
    finish
        Whether to evaluate and to write the trained model at the end.
    probe
        What to tell of each micro-batch.
    """

    folder: Path
    task: Json
    strategy: Json
    steps: int
    until: int
    techniques: tuple[Json, ...] = ()
    save: bool = False
    finish: bool = False
    probe: Probe | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a leg came to, as one rank tells it.

    Attributes
    ----------
    began
        Step that it began after.
    losses
        Of each step, over all ranks.
    metrics
        At the end; none before.
    part
        Which part of each batch the rank had.
    probed
        What the probe told, by step and micro-batch.
    """

    began: int
    losses: list[float]
    metrics: dict[str, float]
    part: int
    probed: list[list[Any]] = field(default_factory=list)


def run_leg(leg: Leg, world: World) -> Outcome:
    """Train a leg on the ranks of a world. A collective. Raises what training raises."""
    device = CpuDevice((), 0)
    request = Request(
        kind="train",
        job="leg",
        events=leg.folder,
        paths=SessionPaths.of_folder(leg.folder),
        tasks=(leg.task,),
        requested_at=0.0,
        strategy=leg.strategy,
        techniques=leg.techniques,
        steps=leg.steps,
    )
    with Workload.build(request, world, device, leg.steps) as workload:
        return _run(leg, workload, world, device)


def _run(leg: Leg, workload: Workload, world: World, device: CpuDevice) -> Outcome:
    paths = SessionPaths.of_folder(leg.folder)
    checkpoints = Checkpoints(
        paths.checkpoints(leg.task["name"]), f"{leg.task['hash']}/{leg.steps}", world, device
    )
    manifest = checkpoints.resume(workload.runner)
    began = workload.step = 0 if manifest is None else manifest["step"]
    losses: list[float] = []
    probed: list[list[Any]] = []
    while workload.step < leg.until:
        micro_batches = workload.load()
        if leg.probe is not None:
            probed.append([leg.probe(micro) for micro in micro_batches])
        losses += world.sum([workload.advance(micro_batches).item()])
    if leg.save:
        checkpoints.save(workload.runner, workload.step, {})
    metrics: dict[str, float] = {}
    if leg.finish:
        metrics = workload.evaluate()
        weights = workload.runner.full_weights()
        world.on_root(lambda: write_model(paths, leg.task, workload.task, weights))
    return Outcome(
        began=began, losses=losses, metrics=metrics, part=workload.runner.data_rank, probed=probed
    )

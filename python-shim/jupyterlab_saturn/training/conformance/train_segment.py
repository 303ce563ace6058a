"""A stretch of a task's training under one strategy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...paths import SessionPaths
from ..run.checkpoint import Checkpoints
from ..run.model_export import write_model
from ..run.workload import Workload
from ..runtime.device import CpuDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from ..task.data_order import MicroBatch

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy, TaskSpec, TechniqueSpec

Probe = Callable[[MicroBatch], Any]


@dataclass(frozen=True, kw_only=True)
class TrainSegment:
    """A stretch of a task's training under one strategy, from its newest checkpoint on.

    Attributes
    ----------
    folder
        Of the session that the task belongs to.
    steps, until
        Optimizer steps in all, and after how many this segment ends.
    save
        Whether to commit a checkpoint at the end.
    finish
        Whether to evaluate and to write the trained model at the end.
    probe
        What to tell of each micro-batch.
    """

    folder: Path
    task: TaskSpec
    strategy: Strategy
    steps: int
    until: int
    techniques: tuple[TechniqueSpec, ...] = ()
    save: bool = False
    finish: bool = False
    probe: Probe | None = None


@dataclass(frozen=True, kw_only=True)
class SegmentResult:
    """What a segment came to, as one rank tells it.

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


def run_segment(segment: TrainSegment, world: ProcessGroup) -> SegmentResult:
    """Train a segment on the ranks of a world. A collective. Raises what training raises."""
    device = CpuDevice((), 0)
    request = RankRequest(
        kind="train",
        job="segment",
        events=segment.folder,
        paths=SessionPaths.of_folder(segment.folder),
        tasks=(segment.task,),
        requested_at=0.0,
        strategy=segment.strategy,
        techniques=segment.techniques,
        steps=segment.steps,
    )
    with Workload.build(request, world, device, segment.steps) as workload:
        return _run(segment, workload, world, device)


def _run(
    segment: TrainSegment, workload: Workload, world: ProcessGroup, device: CpuDevice
) -> SegmentResult:
    paths = SessionPaths.of_folder(segment.folder)
    checkpoints = Checkpoints(
        paths.checkpoints(segment.task["name"]),
        f"{segment.task['hash']}/{segment.steps}",
        world,
        device,
    )
    manifest = checkpoints.resume(workload.runner)
    began = workload.step = 0 if manifest is None else manifest["step"]
    losses: list[float] = []
    probed: list[list[Any]] = []
    while workload.step < segment.until:
        micro_batches = workload.load()
        if segment.probe is not None:
            probed.append([segment.probe(micro) for micro in micro_batches])
        losses += world.sum([workload.advance(micro_batches).item()])
    if segment.save:
        checkpoints.save(workload.runner, workload.step, {})
    metrics: dict[str, float] = {}
    if segment.finish:
        metrics = workload.evaluate()
        weights = workload.runner.full_weights()
        world.on_root(lambda: write_model(paths, segment.task, workload.task, weights))
    return SegmentResult(
        began=began, losses=losses, metrics=metrics, part=workload.runner.data_rank, probed=probed
    )

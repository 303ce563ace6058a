"""A stretch of a task's training under one strategy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from ..run.training_loop import TrainingLoop
from ..run.training_observer import TrainingObserver
from ..run.validations import numbers
from ..run.workload import Workload
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..task.data_order import MicroBatch
from .bench_device import bench_device
from .bounds import Kind

if TYPE_CHECKING:
    from ...generated.wire_types import Result

Probe = Callable[[MicroBatch], Any]


@dataclass(frozen=True, kw_only=True)
class TrainSegment:
    """A stretch of a task's training under one strategy, from its newest checkpoint on.

    Attributes
    ----------
    steps
        Optimizer steps in all.
    until
        Step to end after. When None the task is finished: evaluated, its model written.
    save
        Whether to commit a checkpoint at the end.
    probe
        What to tell of each micro-batch.
    kind
        Of the devices.
    """

    workload: WorkloadSpec
    steps: int
    until: int | None = None
    save: bool = False
    probe: Probe | None = None
    kind: Kind = "cpu"


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
    witness = _Witness(segment.probe)
    TrainingLoop(
        segment.workload,
        world,
        bench_device(segment.kind, world.rank),
        steps=segment.steps,
        until=lambda: segment.until,
        saves=segment.save,
        observer=witness,
    ).run()
    return SegmentResult(
        began=witness.began,
        losses=world.sum(witness.shares) if witness.shares else [],
        metrics=witness.metrics,
        part=witness.part,
        probed=witness.probed,
    )


class _Witness(TrainingObserver):
    """Writes down what an `SegmentResult` tells."""

    def __init__(self, probe: Probe | None) -> None:
        self.began = 0
        self.shares: list[float] = []
        self.metrics: dict[str, float] = {}
        self.part = 0
        self.probed: list[list[Any]] = []
        self._probe = probe

    def started(self, step: int) -> None:
        self.began = step

    def stepped(
        self, workload: Workload, micro_batches: Sequence[MicroBatch], share: torch.Tensor
    ) -> None:
        self.part = workload.runner.data_rank
        self.shares.append(share.item())
        if self._probe is not None:
            self.probed.append([self._probe(micro) for micro in micro_batches])

    def finished(self, step: int, result: Result) -> None:
        self.metrics = numbers(result["metrics"])

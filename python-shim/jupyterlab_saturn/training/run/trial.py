"""A few measured steps of a task under a strategy."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack

from ...errors import SaturnError
from ..fusion import FusedModel
from ..runtime.device import RankDevice
from ..runtime.event_sender import EventSender
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from ..task.data_order import MicroBatch
from .cell_measurement import CellMeasurement
from .checkpoint import Checkpoints
from .evaluation_trial import try_evaluation
from .fused_measurement import FusedCellMeasurement
from .headroom import require_headroom
from .workload import Workload

_STEPS_MOST = 2_000


def run_trial(
    request: RankRequest, world: ProcessGroup, device: RankDevice, events: EventSender
) -> None:
    """Measure the request's task under its strategy and tell the agent the profile cell.

    Of several tasks it is one run of all of them.

    A step's time is the whole step, loading the batch included, on the slowest rank. All ranks
    see the same times, so all stop after the same step.

    Raises
    ------
    torch.OutOfMemoryError
        When steps take nearly all the memory of a GPU, and anything else they raise.
    SaturnError
        As `try_evaluation`.
    """
    kind = FusedCellMeasurement if request.fused else CellMeasurement
    measurement = kind(request, world, device, _STEPS_MOST)
    fused = FusedModel() if request.fused else None
    with ExitStack() as built:
        workloads = [
            built.enter_context(
                Workload.build(each.workload, world, device, loads=_STEPS_MOST, fused=fused)
            )
            for each in request.members
        ]
        workload = workloads[0]
        measurement.started()
        while not measurement.timer.enough():
            _time(workloads, fused, measurement, world, device)
        try_evaluation(workload)
        measurement.note_peak()
        require_headroom(world, device)
        measurement.save_seconds = _save_seconds(request, workload, world, device)
    cell = measurement.cell()
    if world.is_root:
        events.emit({"kind": "trial", "cell": cell})


def _time(
    workloads: Sequence[Workload],
    fused: FusedModel | None,
    measurement: CellMeasurement,
    world: ProcessGroup,
    device: RankDevice,
) -> None:
    """Time a window of steps on the slowest rank, and the loading of the first's batches."""
    steps, loading = measurement.timer.window, 0.0
    device.synchronize()
    begin = time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        batches = [workloads[0].load()]
        loading += time.perf_counter() - asked
        batches += [each.load() for each in workloads[1:]]
        if fused is None:
            workloads[0].advance(batches[0])
        else:
            _advance(dict(zip(workloads, batches, strict=True)), fused)
    device.synchronize()
    taken = time.perf_counter() - begin
    step, load = world.max([taken / steps, loading / steps])
    measurement.timer.add(step, steps, load)


def _advance(loaded: dict[Workload, list[MicroBatch]], fused: FusedModel) -> None:
    """Make a step of each of several. Raises what any of them does."""
    for made in Workload.advance_together(loaded, fused.steps).values():
        if isinstance(made, Exception):
            raise made


def _save_seconds(
    request: RankRequest, workload: Workload, world: ProcessGroup, device: RankDevice
) -> float | None:
    """Seconds to commit a checkpoint; None where none can be, as for lack of space."""
    folder = request.paths.trial(request.job)
    begin = time.perf_counter()
    try:
        Checkpoints(folder, request.job, world, device).save(workload.runner, workload.step, {})
        return world.max([time.perf_counter() - begin])[0]
    except SaturnError:
        return None
    finally:
        if world.is_root:
            shutil.rmtree(folder, ignore_errors=True)

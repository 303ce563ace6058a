"""A few measured steps of a task under a strategy."""

from __future__ import annotations

import shutil
import time

import torch

from ...errors import SaturnError
from ..runtime.device import RankDevice
from ..runtime.event_sender import EventSender
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .cell_measurement import CellMeasurement
from .checkpoint import Checkpoints
from .evaluation_trial import try_evaluation
from .workload import Workload

_STEPS_MOST = 2_000
_MEMORY_SHARE = 0.95


def run_trial(
    request: RankRequest, world: ProcessGroup, device: RankDevice, events: EventSender
) -> None:
    """Measure the request's task under its strategy and tell the agent the profile cell.

    A step's time is the whole step, loading the batch included, on the slowest rank. All ranks
    see the same times, so all stop after the same step.

    Raises
    ------
    torch.OutOfMemoryError
        When steps take nearly all the memory of a GPU, and anything else they raise.
    SaturnError
        As `try_evaluation`.
    """
    measurement = CellMeasurement(request, world, device, _STEPS_MOST)
    with Workload.build(request.workload, world, device, loads=_STEPS_MOST) as workload:
        measurement.started()
        while not measurement.timer.enough():
            _time(workload, measurement, world, device)
        try_evaluation(workload)
        measurement.note_peak()
        require_headroom(world, device)
        measurement.save_seconds = _save_seconds(request, workload, world, device)
    cell = measurement.cell()
    if world.is_root:
        events.emit({"kind": "trial", "cell": cell})


def _time(
    workload: Workload, measurement: CellMeasurement, world: ProcessGroup, device: RankDevice
) -> None:
    """Time a window of steps on the slowest rank, and the loading of their batches."""
    steps, loading = measurement.timer.window, 0.0
    device.synchronize()
    begin = time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        batch = workload.load()
        loading += time.perf_counter() - asked
        workload.advance(batch)
    device.synchronize()
    taken = time.perf_counter() - begin
    step, load = world.max([taken / steps, loading / steps])
    measurement.timer.add(step, steps, load)


def require_headroom(world: ProcessGroup, device: RankDevice) -> None:
    """Refuse GPUs that are all but full: they fail sooner or later, as memory falls to pieces.

    A collective. When one is, it is for that rank alone to say so: it knows whether others' memory
    is the reason. The other ranks wait until they are ended.

    Raises
    ------
    torch.OutOfMemoryError
        When the peak leaves next to nothing of this rank's device.
    """
    pressure = device.pressure()
    fullest = world.max([pressure])[0]
    if fullest > _MEMORY_SHARE >= pressure:
        world.max([pressure])  # which the full ones do not join
    if pressure > _MEMORY_SHARE:
        raise torch.OutOfMemoryError(
            f"A step took {pressure:.0%} of a GPU's memory, with what others have of it, which is "
            "too close to the limit to go on for long."
        )


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

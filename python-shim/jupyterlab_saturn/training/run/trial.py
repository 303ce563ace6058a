"""A few measured steps of a task under a strategy."""

from __future__ import annotations

import shutil
import statistics
import time
from typing import TYPE_CHECKING, TypedDict

import torch

from ...errors import SaturnError
from ..runtime.device import RankDevice
from ..runtime.event_sender import EventSender
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .checkpoint import Checkpoints
from .evaluation_trial import try_evaluation
from .step_timer import StepTimer
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import ProfileCell

_WARM_UP_LEAST = 2  # the second step is the first with optimizer state in memory
_WARM_UP_MOST = 5
_WARM_UP_SECONDS = 20.0
_WARM_UP_TOLERANCE = 0.1
_STEPS_MOST = 2_000
_WINDOW_SECONDS = 0.05
_WINDOW_STEPS_MOST = 50
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
    device.reset_peak()
    with Workload.build(request.workload, world, device, loads=_STEPS_MOST) as workload:
        start_seconds = max(0.0, time.time() - request.requested_at)
        trial = _Trial(workload, world, device)
        measured = trial.measure()
        try_evaluation(workload)
        peak_bytes = int(world.max([device.peak_bytes()])[0])
        require_headroom(world, device)
        save_seconds = _save_seconds(request, workload, world, device)
    cell: ProfileCell = {
        "signature": request.signature,
        "strategy": request.strategy,
        "status": "ok",
        "source": "measured",
        "steps": measured["steps"],
        "stepSeconds": measured["stepSeconds"],
        "spreadSeconds": measured["spreadSeconds"],
        "loadSeconds": measured["loadSeconds"],
        "startSeconds": world.max([start_seconds])[0],
        "peakBytes": peak_bytes,
    }
    if save_seconds is not None:
        cell["saveSeconds"] = save_seconds
    note_foreign_memory(cell, world, device)
    if world.is_root:
        events.emit({"kind": "trial", "cell": cell})


class _Timing(TypedDict):
    """The part of a wire ``ProfileCell`` that tells of time."""

    stepSeconds: float
    spreadSeconds: float
    steps: int
    loadSeconds: float


class _Trial:
    """Steps a workload by the clock."""

    def __init__(self, workload: Workload, world: ProcessGroup, device: RankDevice) -> None:
        self._workload = workload
        self._world = world
        self._device = device

    def measure(self) -> _Timing:
        """Step for long enough to tell of time.

        Steps are timed in windows, as training agrees every few steps, too: what the ranks do to
        agree, and a GPU that runs behind its process, must not count as a part of each.
        """
        warm_up = self._warm_up()
        steps = max(1, min(_WINDOW_STEPS_MOST, int(_WINDOW_SECONDS / max(warm_up[-1], 1e-9))))
        timer = StepTimer(sum(warm_up), (_STEPS_MOST - len(warm_up)) // steps)
        loads: list[float] = []
        while not timer.enough():
            step, load = self._time(steps)
            timer.add(step, steps)
            loads.append(load)
        return {
            "stepSeconds": timer.median,
            "spreadSeconds": timer.spread,
            "steps": steps * len(loads),
            "loadSeconds": statistics.median(loads),
        }

    def _warm_up(self) -> list[float]:
        """Step until two steps in a row take about the same time, or often enough."""
        times: list[float] = []
        while len(times) < _WARM_UP_MOST:
            times.append(self._time(1)[0])
            if len(times) >= _WARM_UP_LEAST:
                before, last = times[-2:]
                if abs(last - before) <= _WARM_UP_TOLERANCE * before:
                    break
            if sum(times) > _WARM_UP_SECONDS:
                break
        return times

    def _time(self, steps: int) -> tuple[float, float]:
        """Seconds of each of the next steps on the slowest rank, and of loading its batch."""
        loading = 0.0
        self._device.synchronize()
        begin = time.perf_counter()
        for _ in range(steps):
            asked = time.perf_counter()
            batch = self._workload.load()
            loading += time.perf_counter() - asked
            self._workload.advance(batch)
        self._device.synchronize()
        taken = time.perf_counter() - begin
        step, load = self._world.max([taken / steps, loading / steps])
        return step, load


def note_foreign_memory(cell: ProfileCell, world: ProcessGroup, device: RankDevice) -> None:
    """Write down what other programs held of the ranks' devices, if they did. A collective."""
    held = int(world.max([device.foreign_bytes()])[0])
    if held > 0:
        cell["foreignBytes"] = held


def require_headroom(world: ProcessGroup, device: RankDevice) -> None:
    """Refuse GPUs that are all but full: they fail sooner or later, as memory falls to pieces.

    A collective.

    Raises
    ------
    torch.OutOfMemoryError
        On all ranks, when the peak leaves next to nothing of the device of one.
    """
    pressure = world.max([device.pressure()])[0]
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

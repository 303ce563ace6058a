"""A few measured steps of a task under a strategy."""

from __future__ import annotations

import math
import statistics
import time

from ..errors import Json
from .device import RankDevice
from .events import EventSocket
from .request import Request
from .workload import Workload
from .world import World

_WARM_UP_LEAST = 2  # the second step is the first with optimizer state in memory
_WARM_UP_MOST = 5
_WARM_UP_TOLERANCE = 0.1
_TIMED_LEAST = 5
_SLOW_TIMED_LEAST = 2  # when time is up before
_TIMED_MOST = 200
_TIMED_SECONDS_LEAST = 0.25
_TIMED_SECONDS_MOST = 20.0
_PRECISION = 0.03


def run_trial(request: Request, world: World, device: RankDevice, events: EventSocket) -> None:
    """Measure the request's task under its strategy and tell the agent the profile cell.

    A step's time is the whole step, loading the batch included, on the slowest rank. All ranks
    see the same times, so all stop after the same step.
    """
    device.reset_peak()
    # As many steps as the trial may make: some schedules refuse to be stepped beyond their end.
    workload = Workload.build(request, world, device, _WARM_UP_MOST + _TIMED_MOST)
    start_seconds = max(0.0, time.time() - request.requested_at)
    warm_up = _warm_up(workload, world, device)
    times, loads = _timed(workload, world, device, spent=sum(warm_up))
    peak_bytes = int(world.max([device.peak_bytes()])[0])
    step_seconds = statistics.median(times)
    cell: Json = {
        "signature": request.signature,
        "strategy": request.strategy,
        "status": "ok",
        "source": "measured",
        "stepSeconds": step_seconds,
        "spreadSeconds": _spread(times),
        "steps": len(times),
        "loadSeconds": statistics.median(loads),
        "startSeconds": world.max([start_seconds])[0],
        "peakBytes": peak_bytes,
    }
    if world.is_root:
        events.emit("trial", cell=cell)


def _warm_up(workload: Workload, world: World, device: RankDevice) -> list[float]:
    """Step until two steps in a row take about the same time, or often enough."""
    times: list[float] = []
    while len(times) < _WARM_UP_MOST:
        times.append(_time_step(workload, world, device)[0])
        if len(times) >= _WARM_UP_LEAST:
            before, last = times[-2:]
            if abs(last - before) <= _WARM_UP_TOLERANCE * before:
                break
        if sum(times) > _TIMED_SECONDS_MOST:
            break
    return times


def _timed(
    workload: Workload, world: World, device: RankDevice, spent: float
) -> tuple[list[float], list[float]]:
    """Step until the median is known well enough, or time is up.

    Returns the times of the steps, and what of each was loading.
    """
    times: list[float] = []
    loads: list[float] = []
    while len(times) < _TIMED_MOST:
        step, load = _time_step(workload, world, device)
        times.append(step)
        loads.append(load)
        if spent + sum(times) > _TIMED_SECONDS_MOST and len(times) >= _SLOW_TIMED_LEAST:
            break
        if len(times) < _TIMED_LEAST:
            continue
        error = _spread(times) / statistics.median(times) / math.sqrt(len(times))
        if error < _PRECISION and sum(times) >= _TIMED_SECONDS_LEAST:
            break
    return times, loads


def _time_step(workload: Workload, world: World, device: RankDevice) -> tuple[float, float]:
    """Seconds of the next step on the slowest rank, and of loading its batch."""
    device.synchronize()
    begin = time.perf_counter()
    batch = workload.load()
    loaded = time.perf_counter()
    workload.advance(batch)
    device.synchronize()
    step, load = world.max([time.perf_counter() - begin, loaded - begin])
    return step, load


def _spread(times: list[float]) -> float:
    """Median absolute deviation."""
    middle = statistics.median(times)
    return statistics.median(abs(value - middle) for value in times)

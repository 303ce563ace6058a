"""A loop of its own that is tried: some of its steps timed, then ended."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..run.step_timer import StepTimer
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from .monitor import LoopOver, Monitor, Wish

_WARM_UP_STEPS = 2  # the second step is the first with optimizer state in memory
_WINDOW_SECONDS = 0.05
_WINDOW_STEPS_MOST = 50
_STEPS_MOST = 2_000


class TrialMonitor(Monitor):
    """Times steps in windows, on the slowest rank, until that tells enough, and ends the loop.

    Attributes
    ----------
    started_at
        When the first step began, in seconds since the epoch; None before.
    steps
        Steps timed.
    """

    def __init__(self, world: ProcessGroup, device: RankDevice) -> None:
        self.started_at: float | None = None
        self.steps = 0
        self._world = world
        self._device = device
        self._warm_up: list[float] = []
        self._timer: StepTimer | None = None
        self._window = 1
        self._in_window = 0
        self._since = time.perf_counter()

    @property
    def times(self) -> tuple[float, float] | None:
        """Seconds of a step and how much they spread; None when no step was made."""
        if self.steps and self._timer is not None:
            return self._timer.median, self._timer.spread
        return (self._warm_up[-1], 0.0) if self._warm_up else None

    def started(self, step: int) -> None:
        if self.started_at is None:
            self.started_at = time.time()
            self._since = time.perf_counter()

    def stepped(self, step: int, loss: Callable[[], float | None]) -> Wish:
        self._in_window += 1
        if self._in_window >= self._window:
            self._device.synchronize()
            taken = (time.perf_counter() - self._since) / self._in_window
            self._note(self._world.max([taken])[0], self._in_window)
            self._begin_window()
        return Wish()

    def interrupted(self) -> None:
        self._begin_window()

    def _begin_window(self) -> None:
        self._in_window = 0
        self._since = time.perf_counter()

    def _note(self, step_seconds: float, steps: int) -> None:
        step_seconds = max(step_seconds, 1e-9)
        if self._timer is None:
            self._warm_up.append(step_seconds)
            if len(self._warm_up) == _WARM_UP_STEPS:
                self._window = max(1, min(_WINDOW_STEPS_MOST, int(_WINDOW_SECONDS / step_seconds)))
                self._timer = StepTimer(sum(self._warm_up), _STEPS_MOST // self._window)
            return
        self._timer.add(step_seconds, steps)
        self.steps += steps
        if self._timer.enough():
            raise LoopOver

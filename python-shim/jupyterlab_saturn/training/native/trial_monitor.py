"""A loop of its own that is tried: some of its steps timed, then ended."""

from __future__ import annotations

import time

from ..run.cell_measurement import CellMeasurement
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from .monitor import LoopOver, Monitor, StepReport, Wish

STEPS_MOST = 2_000


class TrialMonitor(Monitor):
    """Times steps in windows, on the slowest rank, until that tells enough, and ends the loop.

    Attributes
    ----------
    has_begun
        Whether there was a first step.
    """

    def __init__(
        self, world: ProcessGroup, device: RankDevice, measurement: CellMeasurement
    ) -> None:
        self.has_begun = False
        self._world = world
        self._device = device
        self._measurement = measurement
        self._in_window = 0
        self._since = time.perf_counter()
        measurement.started()  # where no loop is followed, all of it is a step

    def started(self, step: int) -> None:
        if not self.has_begun:
            self.has_begun = True
            self._measurement.started()
            self._since = time.perf_counter()

    def stepped(self, step: int, told: StepReport) -> Wish:
        timer = self._measurement.timer
        self._in_window += 1
        if self._in_window >= timer.window:
            self._device.synchronize()
            taken = (time.perf_counter() - self._since) / self._in_window
            timer.add(self._world.max([taken])[0], self._in_window)
            if timer.enough():
                raise LoopOver
            self.interrupted()
        return Wish()

    def interrupted(self) -> None:
        self._in_window = 0
        self._since = time.perf_counter()

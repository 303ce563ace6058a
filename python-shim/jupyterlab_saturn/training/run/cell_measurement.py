"""What a group finds out about its task under its strategy, as a profile cell."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .step_timer import StepTimer

if TYPE_CHECKING:
    from ...generated.wire_types import ProfileCell


class CellMeasurement:
    """Measures a cell, from before its task is built: in a trial as in training.

    All ranks feed it the same numbers, but for the memory of each.

    Parameters
    ----------
    most
        Steps that there can be.

    Attributes
    ----------
    timer
        To be told of each window of steps.
    requested_at
        When what comes was asked for, in seconds since the epoch.
    start_seconds
        From then to the first step; None before it.
    save_seconds
        To commit a checkpoint to go on from; None where none was.
    """

    def __init__(
        self, request: RankRequest, world: ProcessGroup, device: RankDevice, most: float = math.inf
    ) -> None:
        self.timer = StepTimer(most)
        self.requested_at = request.requested_at
        self.start_seconds: float | None = None
        self.save_seconds: float | None = None
        self._request = request
        self._world = world
        self._device = device
        self._peak = 0
        self._foreign_bytes: int | None = None
        device.reset_peak()

    def started(self) -> None:
        """The first step begins now."""
        if self.start_seconds is None:
            self.start_seconds = max(0.0, time.time() - self.requested_at)

    def note_peak(self) -> None:
        """Take the memory that was needed so far for what steps need. A collective."""
        peak = int(self._world.max([self._device.peak_bytes()])[0])
        self._peak = max(self._peak, peak)

    def cell(self) -> ProfileCell:
        """All that is known. A collective."""
        if self._foreign_bytes is None:  # once: asking the driver takes a while
            self._foreign_bytes = int(self._world.max([self._device.foreign_bytes()])[0])
        start = self._world.max([self.start_seconds or 0.0])[0]
        cell: ProfileCell = {
            "signature": self._request.signature,
            "strategy": self._request.strategy,
            "status": "ok",
            "source": "measured",
            "steps": max(1, self.timer.steps),
            "stepSeconds": self.timer.median,
            "spreadSeconds": self.timer.spread,
            "startSeconds": start,
            "peakBytes": self._peak,
        }
        if self.timer.load > 0:
            cell["loadSeconds"] = self.timer.load
        if self.save_seconds is not None:
            cell["saveSeconds"] = self.save_seconds
        if self._foreign_bytes > 0:
            cell["foreignBytes"] = self._foreign_bytes
        return cell

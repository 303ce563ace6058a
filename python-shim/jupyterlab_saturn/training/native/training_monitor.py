"""A loop of its own that trains: its progress told, its checkpoints timed, its stop agreed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..run.sync_interval import SyncInterval
from ..run.training_measurement import TrainingMeasurement
from ..run.training_observer import TrainingObserver
from ..runtime.process_group import ProcessGroup
from .monitor import LoopOver, Monitor, Wish

if TYPE_CHECKING:
    from ...generated.wire_types import Metrics


class TrainingMonitor(Monitor):
    """Has a loop train, from its newest checkpoint to its end or until told to stop.

    Parameters
    ----------
    measurement
        Times its steps.
    observer
        Sees how it goes, on this rank.
    checkpoint_seconds
        Save about this often.
    step_seconds
        What a step should take, when that was measured.
    steps
        Steps of the task in all.
    stop_wanted
        Whether this rank was told to stop; all stop together when any is.
    until
        Says to the first rank after which step to stop; None for none.

    Attributes
    ----------
    step
        Steps done.
    evaluations
        Metrics by the step they are of.
    """

    def __init__(
        self,
        world: ProcessGroup,
        measurement: TrainingMeasurement,
        observer: TrainingObserver,
        *,
        checkpoint_seconds: float,
        step_seconds: float | None,
        steps: int,
        stop_wanted: Callable[[], bool],
        until: Callable[[], int | None],
    ) -> None:
        self.step = 0
        self.evaluations: dict[int, Metrics] = {}
        self._world = world
        self._measurement = measurement
        self._observer = observer
        self._checkpoint_seconds = checkpoint_seconds
        self._steps = self._last = steps
        self._stop_wanted = stop_wanted
        self._until = until
        self._interval = SyncInterval(step_seconds)
        self._has_begun = False
        self._newest_loss: Callable[[], float | None] = lambda: None
        self._agreed_step = 0
        self._agreed_at = self._saved_at = time.monotonic()

    def started(self, step: int) -> None:
        if not self._has_begun:
            self._has_begun = True
            self.step = self._agreed_step = step
            self._agreed_at = self._saved_at = time.monotonic()
            self._measurement.started()
            self._observer.started(step)
            self._last = int(self._world.sum([self._wanted_last()])[0])
            if self._is_enough(step):
                self.stopped(step)

    def stepped(self, step: int, loss: Callable[[], float | None]) -> Wish:
        self.step, self._newest_loss = step, loss
        if not (self._interval.due(step) or step == self._last):
            return Wish()
        mine = loss()  # waits for the device, so the clock is read after
        now = time.monotonic()
        steps = max(1, step - self._agreed_step)
        (told, last), (seconds, unsaved) = self._world.sum_and_max(
            [float(self._stop_wanted()), self._wanted_last()],
            [(now - self._agreed_at) / steps, now - self._saved_at],
        )
        self._last = int(last)
        stop = told > 0 or self._is_enough(step)
        self._interval.agreed(step, seconds)
        self._observer.agreed(step, self._mean(mine), seconds)
        self._measurement.window(seconds, steps)
        self._agreed_at, self._agreed_step = time.monotonic(), step
        saves = stop or unsaved >= self._checkpoint_seconds
        if saves:
            self._measurement.note_peak()
        return Wish(save=saves, stop=stop)

    def interrupted(self) -> None:
        self._agreed_at, self._agreed_step = time.monotonic(), self.step

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        told: Metrics = {
            name: value if math.isfinite(value) else None for name, value in metrics.items()
        }
        if told:
            self.evaluations[step] = {**self.evaluations.get(step, {}), **told}
            self._observer.validated(step, self.evaluations[step])

    def saved(self, step: int) -> None:
        self._saved_at = time.monotonic()
        self.interrupted()
        self._measurement.saved()
        self._observer.saved(step)

    def stopped(self, step: int) -> None:
        self._measurement.ended()
        self._observer.stopped(step)
        raise LoopOver

    def final_loss(self) -> float | None:
        """Of the last step, over all ranks; None where the loop told none. A collective."""
        return self._mean(self._newest_loss())

    def _wanted_last(self) -> float:
        """What this rank has to say of the step to leave after: only the first one does."""
        return float(self._until() or self._steps) if self._world.is_root else 0.0

    def _is_enough(self, step: int) -> bool:
        """Whether the loop is to leave here; its last step it leaves by itself."""
        return self._last <= step < self._steps

    def _mean(self, mine: float | None) -> float | None:
        known, value = self._world.mean([float(mine is not None), 0.0 if mine is None else mine])
        return value / known if known else None

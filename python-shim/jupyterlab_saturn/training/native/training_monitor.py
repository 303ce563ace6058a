"""A loop of its own that trains: its progress told, its checkpoints timed, its stop agreed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..components.scalars import Scalar
from ..run.rungs import Listening
from ..run.step_window import StepFigures, StepWindow
from ..run.sync_interval import SyncInterval
from ..run.training_measurement import TrainingMeasurement
from ..run.training_observer import LoggedSteps, TrainingObserver
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from .loop_rungs import LoopRungs
from .monitor import Loop, LoopOver, Monitor, StepReport, Wish

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
    rungs
        Steps after each of which it is told how good the task is.

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
        device: RankDevice,
        measurement: TrainingMeasurement,
        observer: TrainingObserver,
        *,
        checkpoint_seconds: float,
        step_seconds: float | None,
        steps: int,
        stop_wanted: Callable[[], bool],
        until: Callable[[], int | None],
        rungs: Sequence[int] = (),
    ) -> None:
        self.step = 0
        self.evaluations: dict[int, Metrics] = {}
        self._world = world
        self._device = device
        self._measurement = measurement
        self._observer = observer
        self._checkpoint_seconds = checkpoint_seconds
        self._steps = self._last = steps
        self._stop_wanted = stop_wanted
        self._until = until
        self._rungs = LoopRungs(rungs, observer)
        self._listening = Listening()
        self._interval = SyncInterval(step_seconds)
        self._has_begun = False
        self._samples: int | None = None
        self._newest_loss: Scalar | None = None
        self._window = StepWindow(world)
        self._logged: LoggedSteps | None = None
        self._agreed_step = 0
        self._agreed_at = self._saved_at = time.monotonic()

    def begins(self, describe: Callable[[], Loop]) -> None:
        loop = describe()
        self._samples = loop.logged_batch
        self._rungs.begin(loop.evaluating)

    def started(self, step: int) -> None:
        if not self._has_begun:
            self._has_begun = True
            self.step = self._agreed_step = step
            self._agreed_at = self._saved_at = time.monotonic()
            self._measurement.started()
            self._observer.started(step)
            self._rungs.start(step)
            self._last = int(self._world.sum([self._wanted_last()])[0])
            if self._is_enough(step):
                self.stopped(step)

    def stepped(self, step: int, told: StepReport) -> Wish:
        self.step, self._newest_loss = step, told.loss
        loss = (0.0, 0.0) if told.loss is None else (told.loss, 1.0)
        self._window.add(loss, told.rate, None, told.logged)
        compares = self._rungs.has(step)
        if not (self._interval.due(step) or compares or step == self._last):
            return Wish()
        own = self._window.sums()  # waits for the device, so the clock is read after
        now = time.monotonic()
        steps = max(1, step - self._agreed_step)
        (wanted, last, *sums), (seconds, unsaved, peak) = self._world.sum_and_max(
            [float(self._stop_wanted()), self._wanted_last(), *own],
            [
                (now - self._agreed_at) / steps,
                now - self._saved_at,
                float(self._device.peak_bytes()),
            ],
        )
        self._last = int(last)
        stop = wanted > 0 or self._is_enough(step)
        wanted_next = self._listening.wanted(step, seconds, compares=compares)
        self._interval.agreed(step, seconds, wanted_next)
        newest = self._window.newest_loss(sums)
        self._log(step, self._window.settle(sums), seconds, int(peak))
        self._observer.agreed(step, newest, seconds)
        self._rungs.reached(step, self.evaluations.get(step))
        self._measurement.window(seconds, steps)
        self._agreed_at, self._agreed_step = time.monotonic(), step
        saves = stop or unsaved >= self._checkpoint_seconds
        if saves:
            self._measurement.note_peak()
        return Wish(save=saves, stop=stop)

    def noted(self, step: int, logged: Mapping[str, float], gradient_norm: float | None) -> None:
        if not self._world.is_root or step != self.step:
            return
        if len(self._window):
            self._window.amend(logged, gradient_norm)
        elif self._logged is not None:  # another line of the step, which counts
            *_, newest = self._logged.figures
            amended = replace(
                newest,
                logged={**newest.logged, **logged},
                gradient_norm=newest.gradient_norm if gradient_norm is None else gradient_norm,
            )
            self._logged = replace(self._logged, figures=[amended])
            self._observer.logged(self._logged)

    def interrupted(self) -> None:
        self._agreed_at, self._agreed_step = time.monotonic(), self.step

    def evaluated(self, step: int, metrics: Mapping[str, float]) -> None:
        told: Metrics = {
            name: value if math.isfinite(value) else None for name, value in metrics.items()
        }
        if told:
            self.evaluations[step] = {**self.evaluations.get(step, {}), **told}
            self._observer.validated(step, self.evaluations[step])
            if step < self._steps:
                self._rungs.evaluated(self.evaluations[step])

    def saved(self, step: int) -> None:
        self._saved_at = time.monotonic()
        self.interrupted()
        self._measurement.saved()
        self._observer.saved(step)

    def stopped(self, step: int) -> None:
        self._settle()
        self._measurement.ended()
        self._observer.stopped(step)
        raise LoopOver

    def final_loss(self) -> float | None:
        """Of the last step, over all ranks; None where the loop told none. A collective."""
        self._settle()
        mine = self._newest_loss
        [known, value] = self._world.mean([0.0, 0.0] if mine is None else [1.0, float(mine)])
        return value / known if known else None

    def _wanted_last(self) -> float:
        """What this rank has to say of the step to leave after: only the first one does."""
        return float(self._until() or self._steps) if self._world.is_root else 0.0

    def _is_enough(self, step: int) -> bool:
        """Whether the loop is to leave here; its last step it leaves by itself."""
        return self._last <= step < self._steps

    def _settle(self) -> None:
        """Log what is left when the loop ends between two agreements. A collective."""
        if not len(self._window):
            return
        steps = max(1, self.step - self._agreed_step)
        sums, (seconds, peak) = self._world.sum_and_max(
            self._window.sums(),
            [
                (time.monotonic() - self._agreed_at) / steps,
                float(self._device.peak_bytes()),
            ],
        )
        self._log(self.step, self._window.settle(sums), seconds, int(peak))

    def _log(self, step: int, figures: Sequence[StepFigures], seconds: float, peak: int) -> None:
        if figures:
            steps = LoggedSteps(
                last=step,
                ended_at=time.time(),
                figures=figures,
                step_seconds=seconds,
                samples=self._samples,
                peak_bytes=peak,
            )
            self._observer.logged(steps)
            self._rungs.logged(steps)
            self._logged = steps

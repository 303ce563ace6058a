"""What the ranks of a training agree on between steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from .step_clock import StepClock
from .step_window import StepWindow
from .training_observer import LoggedSteps
from .workload import Workload


@dataclass(frozen=True)
class Agreement:
    """What the ranks know in common after a step.

    Attributes
    ----------
    stop
        Whether any was told to stop.
    last
        The step after which all leave at the latest.
    loss
        Of the step, over all ranks.
    logged
        The steps since the last agreement; None on all but the first rank.
    step_seconds, load_seconds
        Mean times of the steps since the last agreement, on the slowest rank.
    unsaved_seconds
        Since the last checkpoint.
    """

    stop: bool
    last: int
    loss: float
    logged: LoggedSteps | None
    step_seconds: float
    load_seconds: float
    unsaved_seconds: float


class Agreements:
    """Has ranks agree. All calls are collectives.

    Parameters
    ----------
    steps, until, stop_wanted, clock
        As of `TrainingLoop`.
    """

    def __init__(
        self,
        world: ProcessGroup,
        device: RankDevice,
        steps: int,
        until: Callable[[], int | None],
        stop_wanted: Callable[[], bool],
        clock: StepClock,
    ) -> None:
        self._world = world
        self._device = device
        self._steps = steps
        self._until = until
        self._stop_wanted = stop_wanted
        self._clock = clock

    def orders(self) -> tuple[bool, int]:
        """Whether to stop, and after which step at the latest."""
        stop, last = self._world.sum([float(self._stop_wanted()), float(self._wanted_last())])
        return stop > 0, int(last)

    def after(
        self,
        window: StepWindow,
        workload: Workload,
        loading: float,
        agreed_at: float,
        saved_at: float,
    ) -> Agreement:
        """Agree after a step. Waits for the device.

        Parameters
        ----------
        window
            The steps since the last agreement; emptied.
        workload
            What has made them.
        loading
            Seconds of loading in them.
        agreed_at, saved_at
            Of the last agreement, by the clock of steps; of the last checkpoint, by the monotonic.
        """
        steps = len(window)
        own = window.sums()  # waits for the device, so the clock is read after
        taken, unsaved = self._clock.now() - agreed_at, time.monotonic() - saved_at
        peak = float(self._device.peak_bytes())
        (stop, last, *sums), (step_seconds, load_seconds, unsaved, peak) = self._world.sum_and_max(
            [float(self._stop_wanted()), float(self._wanted_last()), *own],
            [taken / steps, loading / steps, unsaved, peak],
        )
        ended_at, loss = time.time(), window.newest_loss(sums)
        figures = window.settle(sums)
        return Agreement(
            stop=stop > 0,
            last=int(last),
            loss=math.nan if loss is None else loss,
            logged=LoggedSteps(
                last=workload.step,
                ended_at=ended_at,
                figures=figures,
                step_seconds=step_seconds,
                samples=workload.task.batch_size,
                peak_bytes=int(peak),
            )
            if figures
            else None,
            step_seconds=step_seconds,
            load_seconds=load_seconds,
            unsaved_seconds=unsaved,
        )

    def _wanted_last(self) -> int:
        """What this rank has to say of the last step: only the first one does."""
        if not self._world.is_root:
            return 0
        until = self._until()
        return self._steps if until is None else min(until, self._steps)

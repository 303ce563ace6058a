"""Tasks trained in one run: each by its own loop, all by the same steps."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ..fusion import FusedModel
from ..runtime.failure import describe, is_out_of_memory, is_peer_lost
from ..runtime.process_group import ProcessGroup
from .training_loop import Course, TrainingLoop, WantedStep
from .training_measurement import TrainingMeasurement
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import Failure

_AGREED = frozenset({"loss-not-finite"})
"""Codes of errors that all ranks raise at the same place."""


@dataclass(frozen=True)
class FusedMember:
    """One of the tasks of a run.

    Attributes
    ----------
    failed
        Told why it does not go on, on each rank that knows.
    """

    loop: TrainingLoop
    failed: Callable[[Failure], None]


class FusedTraining:
    """Goes through the loops of several tasks, making a step of each at a time.

    Each agrees, evaluates, saves and ends as its loop has it; the others wait meanwhile. Who has
    ended leaves the others as they are. So does one that fails, if the fault is surely its own.

    Parameters
    ----------
    members
        Their loops build upon `model`.
    measurement
        Makes what measures the steps of so many of them, for one of them to tell.
    """

    def __init__(
        self,
        members: Sequence[FusedMember],
        model: FusedModel,
        world: ProcessGroup,
        measurement: Callable[[int, int], TrainingMeasurement],
    ) -> None:
        self._members = members
        self._model = model
        self._world = world
        self._make_measurement = measurement
        self._courses: list[Course] = [member.loop.course() for member in members]
        self._wanted: dict[int, WantedStep] = {}
        self._measured: tuple[int, ...] = ()
        self._start_seconds: float | None = None  # of one of those who began

    def run(self) -> None:
        """Train all to their ends.

        Raises
        ------
        torch.OutOfMemoryError
            Which ends all.
        SaturnError
            ``fellow-failed`` where the error of one, which was told, is not sure to be raised on
            all of several ranks.
        """
        try:
            for number, course in enumerate(self._courses):
                self._go_on(number, partial(next, course))
            while self._wanted:
                self._measure()
                self._step()
        finally:
            for course in self._courses:
                course.close()

    def _step(self) -> None:
        loaded = {wanted.workload: wanted.micro_batches for wanted in self._wanted.values()}
        made = Workload.advance_together(loaded, self._model.steps)
        for number, wanted in list(self._wanted.items()):
            share = made[wanted.workload]
            course = self._courses[number]
            if isinstance(share, torch.Tensor):
                self._go_on(number, partial(course.send, share))
            else:
                self._go_on(number, partial(course.throw, share))

    def _go_on(self, number: int, go: Callable[[], WantedStep]) -> None:
        """Have one go on to its next step, or to its end."""
        self._wanted.pop(number, None)
        try:
            self._wanted[number] = go()
        except StopIteration:
            return
        except Exception as error:
            if is_out_of_memory(error) or is_peer_lost(error):
                raise
            with contextlib.suppress(OSError):  # of a log for which there is no room
                traceback.print_exc()
            self._members[number].failed(describe(error, "training-failed"))
            if not self._is_agreed(error):
                raise SaturnError(
                    "fellow-failed",
                    "Another task of the run failed on one of its devices, so it was ended.",
                ) from None
        self._wanted = dict(sorted(self._wanted.items()))

    def _is_agreed(self, error: Exception) -> bool:
        """Whether all ranks know of an error of one of them."""
        agreed = isinstance(error, SaturnError) and error.code in _AGREED
        return self._world.size == 1 or agreed

    def _measure(self) -> None:
        """Measure those who step now, if they are others than before."""
        running = tuple(self._wanted)
        if running == self._measured:
            return
        for number in self._measured:
            loop = self._members[number].loop
            if loop.measurement is not None and number in running:
                loop.measurement.ended()
            loop.measurement = None
        self._measured, lead = running, running[0]
        measurement = self._make_measurement(lead, len(running))
        if self._start_seconds is not None:
            # Of a run that has begun with more, of whom each started for itself.
            measurement.start_seconds = self._start_seconds * len(running)
        measurement.started()
        self._start_seconds = (measurement.start_seconds or 0.0) / len(running)
        self._members[lead].loop.measurement = measurement

"""The one training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial

import torch

from ..fusion import FusedModel
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..task.data_order import MicroBatch
from .agreement import Agreements
from .evaluation_trial import try_evaluation
from .kept_training import KeptTraining
from .rungs import Listening, Rungs
from .step_clock import StepClock
from .step_window import StepWindow
from .sync_interval import SyncInterval
from .training_measurement import TrainingMeasurement
from .training_observer import TrainingObserver
from .workload import Workload


@dataclass(frozen=True)
class WantedStep:
    """A step that a training is to go on with: whoever makes it sends back this rank's share."""

    workload: Workload
    micro_batches: list[MicroBatch]


Course = Generator[WantedStep, torch.Tensor, None]
"""A training, from one step to the next."""


class TrainingLoop:
    """Trains a task from its newest checkpoint to its last step, or until told to stop.

    Parameters
    ----------
    steps
        Optimizer steps in all.
    until
        Says to the first rank after which step to stop, before the task ends; None for none. It
        may say another one later: a step that is passed then is stopped after at once.
    evaluates
        Whether to evaluate the task there, for people: what is trained does not see it.
    rungs
        Steps after each of which to tell how good the task is: what is trained does not see it.
    saves
        Whether to commit checkpoints.
    keeps
        Whether the last one stays when the task is finished.
    checkpoint_seconds
        Commit one about this often, besides at the end.
    step_seconds
        What a step should take, when that was measured.
    stop_wanted
        Whether this rank was told to stop; all stop together when any is.
    ready
        Called once the task is built, before its checkpoint is loaded; returns when both may be.
    measurement
        Times its steps; nobody does when None.
    observer
        Sees how it goes on this rank; nobody when None.
    fused
        Upon which its task is built together with others; alone when None.
    clock
        Of the steps of those who are trained together; of its own when None.

    Attributes
    ----------
    measurement
        As the parameter; may be changed between steps.
    """

    def __init__(
        self,
        spec: WorkloadSpec,
        world: ProcessGroup,
        device: RankDevice,
        *,
        steps: int,
        until: Callable[[], int | None] = lambda: None,
        evaluates: bool = False,
        rungs: Sequence[int] = (),
        saves: bool = True,
        keeps: bool = False,
        checkpoint_seconds: float = math.inf,
        step_seconds: float | None = None,
        stop_wanted: Callable[[], bool] = lambda: False,
        ready: Callable[[], object] = lambda: None,
        measurement: TrainingMeasurement | None = None,
        observer: TrainingObserver | None = None,
        fused: FusedModel | None = None,
        clock: StepClock | None = None,
    ) -> None:
        self._spec = spec
        self._world = world
        self._device = device
        self._steps = steps
        self._last = steps
        self._evaluates = evaluates
        self._checkpoint_seconds = checkpoint_seconds
        self._step_seconds = step_seconds
        self._fused = fused
        self._clock = clock or StepClock()
        self._agreements = Agreements(world, device, steps, until, stop_wanted, self._clock)
        self._ready = ready
        self.measurement = measurement
        self._observer = observer or TrainingObserver()
        self._rungs = Rungs(rungs, self._observer)
        self._kept = KeptTraining(
            spec,
            world,
            device,
            steps=steps,
            saves=saves,
            keeps=keeps,
            losses=self._rungs.losses,
            observer=self._observer,
            saving=self._saving,
        )

    def run(self) -> None:
        """Train, telling the observer about it.

        Raises
        ------
        SaturnError
            ``loss-not-finite`` when training diverged, ``late-commit`` when a later attempt has
            begun, and whatever building, stepping or saving the task raises. Committed
            checkpoints stay.
        """
        with closing(self.course()) as course:
            wanted = next(course, None)
            while wanted is not None:
                share = wanted.workload.advance(wanted.micro_batches)
                try:
                    wanted = course.send(share)
                except StopIteration:
                    return

    def course(self) -> Course:
        """As `run`, but each step is made by whoever goes through it."""
        final = self._kept.finished()
        with Workload.build(
            self._spec,
            self._world,
            self._device,
            steps=self._steps,
            weights=self._kept.weights(final),
            fused=self._fused,
        ) as workload:
            self._ready()
            if final is None:
                yield from self._run(workload)
            else:
                self._kept.judge_anew(workload, final, self._measured)

    def _run(self, workload: Workload) -> Course:
        self._kept.resume(workload)
        if self.measurement is not None:
            self.measurement.started()
        self._observer.started(workload.step)
        with self._clock.paused():
            self._rungs.tell(workload, self._kept.validations)
        enough = self._kept.validations.enough(workload) or (yield from self._train(workload))
        with self._clock.paused():
            self._end(workload, enough=enough)

    def _end(self, workload: Workload, *, enough: bool) -> None:
        if workload.step < self._steps and not enough:
            self._kept.save(workload)
            self._measured()
            if self._evaluates and workload.step == self._last:
                self._kept.validations.look(workload)
            self._observer.stopped(workload.step)
        else:
            self._kept.finish(workload, self._measured)

    def _train(self, workload: Workload) -> Generator[WantedStep, torch.Tensor, bool]:
        """Step until the last step or an agreed stop. Returns whether the task's rule ended it."""
        stop, self._last = self._agreements.orders()
        if stop:
            return False
        every = workload.task.validate_every
        interval = SyncInterval(self._step_seconds, self._wanted_window())
        agreed_at, saved_at = self._clock.now(), time.monotonic()
        window, listening = StepWindow(self._world), Listening()
        loading = 0.0
        while workload.step < self._last:
            asked = time.perf_counter()
            micro_batches = workload.load()
            loading += time.perf_counter() - asked
            share = yield WantedStep(workload, micro_batches)
            self._observer.stepped(workload, micro_batches, share)
            window.add_share(share, workload.runner)
            ends = workload.step == self._steps
            validates = every is not None and workload.step % every == 0 and not ends
            leaves = workload.step == self._last
            looks = validates or self._rungs.has(workload.step)
            if not (interval.due(workload.step) or looks or leaves):
                continue
            steps = len(window)
            known = self._agreements.after(window, workload, loading, agreed_at, saved_at)
            self._last = known.last
            if known.logged is not None:
                self._observer.logged(known.logged)
                self._rungs.logged(known.logged)
            self._kept.require_finite(known.loss, workload.step)
            self._kept.loss = known.loss
            self._observer.agreed(workload.step, known.loss, known.step_seconds)
            if self.measurement is not None:
                evaluation = partial(try_evaluation, workload)
                self.measurement.window(known.step_seconds, steps, known.load_seconds, evaluation)
            compares = self._rungs.has(workload.step)
            heard = listening.wanted(workload.step, known.step_seconds, compares=compares)
            wanted = self._wanted_window() if heard is None else heard
            interval.agreed(workload.step, known.step_seconds, wanted)
            with self._clock.paused():
                if validates:
                    self._kept.validations.add(workload)
                self._rungs.tell(workload, self._kept.validations)
            if validates and self._kept.validations.enough(workload):
                return True
            if known.stop:
                break
            if known.unsaved_seconds >= self._checkpoint_seconds:
                with self._clock.paused():
                    self._kept.save(workload)
                saved_at = time.monotonic()
            agreed_at, loading = self._clock.now(), 0.0
        return False

    def _wanted_window(self) -> int | None:
        """Steps between agreements that tell soon how long one takes; None when that is known."""
        return None if self.measurement is None else self.measurement.wanted

    def _saving(self, whole: bool) -> AbstractContextManager[None]:
        measurement = self.measurement
        return nullcontext() if measurement is None else measurement.saving(whole=whole)

    def _measured(self) -> None:
        if self.measurement is not None:
            self.measurement.ended()

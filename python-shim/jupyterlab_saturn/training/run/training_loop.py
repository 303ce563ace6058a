"""The one training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ..fusion import FusedModel
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..task.data_order import MicroBatch
from .agreement import Agreements
from .attempt_claim import AttemptClaim
from .best_model import BestModel
from .checkpoint import Checkpoints
from .checkpoint_manifest import read_manifest
from .evaluation_trial import try_evaluation
from .final_weights import FinalWeights
from .rungs import Listening, Rungs
from .step_clock import StepClock
from .step_window import StepWindow
from .sync_interval import SyncInterval
from .training_measurement import TrainingMeasurement
from .training_observer import TrainingObserver
from .validations import Validations, finite, numbers
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import Result
    from .checkpoint_manifest import CheckpointDetails, Manifest


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
        self._saves = saves
        self._keeps = keeps
        self._checkpoint_seconds = checkpoint_seconds
        self._step_seconds = step_seconds
        self._fused = fused
        self._clock = clock or StepClock()
        self._agreements = Agreements(world, device, steps, until, stop_wanted, self._clock)
        self._ready = ready
        self.measurement = measurement
        self._observer = observer or TrainingObserver()
        identity = spec.identity(steps)
        folder = spec.paths.checkpoints(spec.task["name"])
        claim = AttemptClaim.of_task(spec.paths, spec.task["name"], spec.attempt)
        self._checkpoints = Checkpoints(folder, identity, world, device, claim)
        self._final = FinalWeights(spec, identity, world, device, claim)
        self._best = BestModel(spec, identity, world, device, claim)
        self._saved_step = 0
        self._loss: float | None = None
        self._validations = Validations(world, self._best, self._observer)
        self._rungs = Rungs(rungs, self._observer)

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
        final = self._final.newest()
        with Workload.build(
            self._spec,
            self._world,
            self._device,
            steps=self._steps,
            weights=None if final is None else self._final.folder(final),
            fused=self._fused,
        ) as workload:
            self._ready()
            if final is None:
                yield from self._run(workload)
            else:
                self._judge_anew(workload, final)

    def _run(self, workload: Workload) -> Course:
        manifest = self._checkpoints.resume(workload.runner)
        if manifest is not None:
            self._recall(workload, manifest, manifest["step"])
        else:
            self._inherit(workload)
        if self.measurement is not None:
            self.measurement.started()
        self._observer.started(workload.step)
        with self._clock.paused():
            self._rungs.tell(workload, self._validations)
        enough = self._validations.enough(workload) or (yield from self._train(workload))
        with self._clock.paused():
            self._end(workload, enough=enough)

    def _end(self, workload: Workload, *, enough: bool) -> None:
        if workload.step < self._steps and not enough:
            self._save(workload)
            self._measured()
            if self._evaluates and workload.step == self._last:
                self._validations.look(workload)
            self._observer.stopped(workload.step)
        else:
            self._finish(workload)

    def _inherit(self, workload: Workload) -> None:
        """Begin where another task was, if that is to be gone on with."""
        warm = self._spec.task.get("warmStart")
        if warm is None or not warm.get("continues"):
            return
        folder = self._spec.paths.weights(warm["checkpoints"][-1])
        manifest = self._world.on_root(lambda: read_manifest(folder))
        if manifest is None:
            raise SaturnError(
                "no-weights",
                f"The checkpoint of {warm['task']} that {self._spec.task['name']} goes on from "
                "cannot be read.",
                "Take the task out, or make a clone of it from scratch.",
            )
        told = {one["step"]: numbers(one["metrics"]) for one in manifest["validations"]}
        workload.skip(manifest["step"], told)
        self._checkpoints.inherit(workload.runner, folder)
        self._recall(workload, manifest, manifest["step"])
        self._saved_step = 0  # by another task

    def _judge_anew(self, workload: Workload, final: Manifest) -> None:
        """Go on from where a task was trained to its end: it may be evaluated otherwise by now."""
        self._recall(workload, final, final["ended"])
        self._best.step = final.get("bestStep")
        self._observer.started(workload.step)
        self._conclude(workload, lambda: self._final.export_again(workload, final))

    def _recall(self, workload: Workload, manifest: Manifest, step: int) -> None:
        workload.step, self._loss, self._saved_step = step, manifest["loss"], step
        self._validations.recall(workload, manifest["validations"])
        self._rungs.losses.recall(manifest.get("rungLosses", {}))

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
            self._require_finite(known.loss, workload.step)
            self._loss = known.loss
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
                    self._validations.add(workload)
                self._rungs.tell(workload, self._validations)
            if validates and self._validations.enough(workload):
                return True
            if known.stop:
                break
            if known.unsaved_seconds >= self._checkpoint_seconds:
                with self._clock.paused():
                    self._save(workload)
                saved_at = time.monotonic()
            agreed_at, loading = self._clock.now(), 0.0
        return False

    def _wanted_window(self) -> int | None:
        """Steps between agreements that tell soon how long one takes; None when that is known."""
        return None if self.measurement is None else self.measurement.wanted

    def _require_finite(self, value: float, step: int) -> None:
        if math.isfinite(value):
            return
        kept = (
            f"The checkpoint of step {self._saved_step} is kept."
            if self._saved_step > 0
            else "There is no checkpoint yet."
        )
        raise SaturnError(
            "loss-not-finite",
            f"Training diverged: the loss or a weight is {value} after step {step}.",
            f"Try a lower learning rate, or look for a division by zero. {kept}",
        )

    def _save(self, workload: Workload) -> None:
        """Commit this step, unless it is the one committed last."""
        if not self._saves or workload.step == self._saved_step:
            return
        self._require_sound(workload)
        with self._saving():
            self._checkpoints.save(workload.runner, workload.step, self._details())
        self._saved_step = workload.step
        self._observer.saved(workload.step)

    def _require_sound(self, workload: Workload) -> None:
        # The loss is of the weights before the step: the step itself may have spoilt them.
        broken = self._world.max([0.0 if workload.runner.is_finite() else 1.0])[0]
        self._require_finite(math.nan if broken else 0.0, workload.step)

    def _saving(self, *, whole: bool = True) -> AbstractContextManager[None]:
        measurement = self.measurement
        return nullcontext() if measurement is None else measurement.saving(whole=whole)

    def _details(self) -> CheckpointDetails:
        return {
            "task": self._spec.task["name"],
            "strategy": self._spec.strategy,
            "loss": self._loss,
            "validations": self._validations.known,
            "torch": torch.__version__,
            "rungLosses": self._rungs.losses.details(),
        }

    def _measured(self) -> None:
        if self.measurement is not None:
            self.measurement.ended()

    def _finish(self, workload: Workload) -> None:
        every = workload.task.validate_every
        judged = self._validations.has(workload.step)
        if workload.task.keep_best and every and workload.step % every == 0 and not judged:
            metrics = self._validations.evaluate(workload)
            self._best.offer(workload.task, workload.runner, workload.step, metrics)
        if self._keeps:
            self._save(workload)
        else:
            self._require_sound(workload)
        self._conclude(workload, lambda: self._export(workload))

    def _export(self, workload: Workload) -> Path:
        self._best.restore(workload.runner)
        details = self._details()
        details["ended"] = workload.step
        if self._best.step is not None:
            details["bestStep"] = self._best.step
        last = self._saved_step if self._keeps else None
        return self._final.export(workload, details if self._saves else None, last)

    def _conclude(self, workload: Workload, export: Callable[[], Path]) -> None:
        """Export the model, then evaluate it: what fails there must not lose it."""
        with self._saving(whole=False):
            target = export()
        if self._saves and workload.step != self._saved_step:
            self._observer.saved(workload.step)
        self._measured()
        result: Result = {
            "loss": self._loss,
            "metrics": finite(self._validations.evaluate(workload)),
            "model": str(target.relative_to(self._spec.paths.folder)),
        }
        if workload.step < self._steps:
            result["stoppedEarly"] = True
        if self._best.step is not None:
            result["bestStep"] = self._best.step
        if self._validations.error is not None:
            result["evaluationError"] = self._validations.error
        self._observer.finished(workload.step, result)

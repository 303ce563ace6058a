"""What is kept of a training: checkpoints on its way, and at its end the model."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from .attempt_claim import AttemptClaim
from .best_model import BestModel
from .checkpoint import Checkpoints
from .checkpoint_manifest import read_manifest
from .final_weights import FinalWeights
from .given_model import give_model
from .rungs import RungLosses
from .training_observer import TrainingObserver
from .validations import Validations, finite, numbers
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import Result
    from .checkpoint_manifest import CheckpointDetails, Manifest


class KeptTraining:
    """Saves a task as it is trained, and knows what was saved. All calls are collectives.

    Parameters
    ----------
    steps
        Optimizer steps in all.
    losses
        What checkpoints are to know of the losses before rungs.
    saving
        Round each commit; told whether it is of something to go on from.
    saves, keeps, observer
        As of `TrainingLoop`.

    Attributes
    ----------
    loss
        Of the step that was agreed on last; None before the first.
    validations
        Of the task, on its way.
    """

    def __init__(
        self,
        spec: WorkloadSpec,
        world: ProcessGroup,
        device: RankDevice,
        *,
        steps: int,
        saves: bool,
        keeps: bool,
        losses: RungLosses,
        observer: TrainingObserver,
        saving: Callable[[bool], AbstractContextManager[None]],
    ) -> None:
        self._spec = spec
        self._world = world
        self._steps = steps
        self._saves = saves
        self._keeps = keeps
        self._losses = losses
        self._observer = observer
        self._saving = saving
        identity = spec.identity(steps)
        folder = spec.paths.checkpoints(spec.task["name"])
        claim = AttemptClaim.of_task(spec.paths, spec.task["name"], spec.attempt)
        self._checkpoints = Checkpoints(folder, identity, world, device, claim)
        self._final = FinalWeights(spec, identity, world, device, claim)
        self._best = BestModel(spec, identity, world, device, claim)
        self._saved_step = 0
        self.loss: float | None = None
        self.validations = Validations(world, self._best, observer)

    def finished(self) -> Manifest | None:
        """Of the weights that the task was finished with, if it was."""
        return self._final.newest()

    def weights(self, final: Manifest | None) -> Path | None:
        """Folder of those weights; None where there are none."""
        return None if final is None else self._final.folder(final)

    def resume(self, workload: Workload) -> None:
        """Go on from the newest checkpoint, or from where another task was if that is wanted."""
        manifest = self._checkpoints.resume(workload.runner)
        if manifest is not None:
            self._recall(workload, manifest, manifest["step"])
        else:
            self._inherit(workload)

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

    def judge_anew(self, workload: Workload, final: Manifest, ended: Callable[[], None]) -> None:
        """Go on from where a task was trained to its end: it may be evaluated otherwise by now."""
        self._recall(workload, final, final["ended"])
        self._best.step = final.get("bestStep")
        self._observer.started(workload.step)
        self._conclude(workload, lambda: self._final.export_again(workload, final), ended)

    def _recall(self, workload: Workload, manifest: Manifest, step: int) -> None:
        workload.step, self.loss, self._saved_step = step, manifest["loss"], step
        self.validations.recall(workload, manifest["validations"])
        self._losses.recall(manifest.get("rungLosses", {}))

    def require_finite(self, value: float, step: int) -> None:
        """Raises SaturnError ``loss-not-finite`` where a loss after a step is no number."""
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

    def save(self, workload: Workload) -> None:
        """Commit this step, unless it is the one committed last."""
        if not self._saves or workload.step == self._saved_step:
            return
        self._require_sound(workload)
        with self._saving(True):
            self._checkpoints.save(workload.runner, workload.step, self._details())
        self._saved_step = workload.step
        self._observer.saved(workload.step)

    def _require_sound(self, workload: Workload) -> None:
        # The loss is of the weights before the step: the step itself may have spoilt them.
        broken = self._world.max([0.0 if workload.runner.is_finite() else 1.0])[0]
        self.require_finite(math.nan if broken else 0.0, workload.step)

    def _details(self) -> CheckpointDetails:
        return {
            "task": self._spec.task["name"],
            "strategy": self._spec.strategy,
            "loss": self.loss,
            "validations": self.validations.known,
            "torch": torch.__version__,
            "rungLosses": self._losses.details(),
        }

    def finish(self, workload: Workload, ended: Callable[[], None]) -> None:
        """Keep what was trained, and tell how good it is.

        Parameters
        ----------
        ended
            Called when all is saved.
        """
        every = workload.task.validate_every
        judged = self.validations.has(workload.step)
        if workload.task.keep_best and every and workload.step % every == 0 and not judged:
            metrics = self.validations.evaluate(workload)
            self._best.offer(workload.task, workload.runner, workload.step, metrics)
        if self._keeps:
            self.save(workload)
        else:
            self._require_sound(workload)
        self._conclude(workload, lambda: self._export(workload), ended)

    def _export(self, workload: Workload) -> Path:
        self._best.restore(workload.runner)
        details = self._details()
        details["ended"] = workload.step
        if self._best.step is not None:
            details["bestStep"] = self._best.step
        last = self._saved_step if self._keeps else None
        return self._final.export(workload, details if self._saves else None, last)

    def _conclude(
        self, workload: Workload, export: Callable[[], Path], ended: Callable[[], None]
    ) -> None:
        """Export the model, then evaluate it: what fails there must not lose it."""
        with self._saving(False):
            target = export()
        if self._saves and workload.step != self._saved_step:
            self._observer.saved(workload.step)
        ended()
        result: Result = {
            "loss": self.loss,
            "metrics": finite(self.validations.evaluate(workload)),
            "model": str(target.relative_to(self._spec.paths.folder)),
        }
        if workload.step < self._steps:
            result["stoppedEarly"] = True
        if self._best.step is not None:
            result["bestStep"] = self._best.step
        if self.validations.error is not None:
            result["evaluationError"] = self.validations.error
        if self._saves and self._world.is_root:
            self._give(workload, result)
        self._observer.finished(workload.step, result)

    def _give(self, workload: Workload, result: Result) -> None:
        """Put the model into a folder for others."""
        give_model(
            self._spec.paths,
            self._spec.task,
            result,
            step=workload.step,
            validations=self.validations.known,
            sizes={
                "batch_size": workload.task.batch_size,
                "steps": self._steps,
                "samples": workload.samples,
                "parameters": workload.parameters,
            },
        )

"""The one training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ..runtime.device import RankDevice
from ..runtime.event_sender import EventSender
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .checkpoint import Checkpoints
from .model_export import write_model
from .sync_interval import SyncInterval
from .workload import Workload

if TYPE_CHECKING:
    from ...generated.wire_types import Result, Validation
    from ..runtime.event_sender import RankEvent
    from .atomic_checkpoint import CheckpointDetails

_TELL_SECONDS = 0.2


@dataclass(frozen=True)
class _Agreement:
    """What the ranks know in common after a step."""

    stop: bool
    loss: float
    step_seconds: float
    unsaved_seconds: float


class TrainingLoop:
    """Trains a task from its newest checkpoint to its last step, or until told to stop.

    Parameters
    ----------
    stop_wanted
        Whether this rank was told to stop; all stop together when any is.
    """

    def __init__(
        self,
        request: RankRequest,
        world: ProcessGroup,
        device: RankDevice,
        events: EventSender,
        stop_wanted: Callable[[], bool],
    ) -> None:
        self._request = request
        self._world = world
        self._device = device
        self._events = events
        self._stop_wanted = stop_wanted
        self._checkpoints = Checkpoints(
            request.paths.checkpoints(request.task["name"]), _identity(request), world, device
        )
        self._saved_step = 0
        self._loss: float | None = None
        self._validations: list[Validation] = []

    def run(self) -> None:
        """Train, telling the agent about it.

        Raises
        ------
        SaturnError
            ``loss-not-finite`` when training diverged, and whatever building, stepping or
            saving the task raises. Committed checkpoints stay.
        """
        request = self._request
        with Workload.build(request, self._world, self._device, request.steps) as workload:
            self._run(workload)

    def _run(self, workload: Workload) -> None:
        manifest = self._checkpoints.resume(workload.runner)
        if manifest is not None:
            workload.step = self._saved_step = manifest["step"]
            self._loss = manifest["loss"]
            self._validations = manifest["validations"]
        self._tell({"kind": "started", "step": workload.step})
        enough = self._enough(workload) or self._train(workload)
        if workload.step < self._request.steps and not enough:
            self._save(workload)
            self._tell({"kind": "stopped", "step": workload.step})
        else:
            self._finish(workload)

    def _train(self, workload: Workload) -> bool:
        """Step until the last step or an agreed stop. Returns whether the task's rule ended it."""
        if any(self._world.max([self._stop_wanted()])):
            return False
        every = workload.task.validate_every
        interval = SyncInterval(self._request.step_seconds)
        agreed_at = saved_at = told_at = time.monotonic()
        agreed_step = workload.step
        while workload.step < self._request.steps:
            share = workload.advance()
            validates = every is not None and workload.step % every == 0
            ends = workload.step == self._request.steps
            if not (interval.due(workload.step) or validates or ends):
                continue
            known = self._agree(share, workload.step - agreed_step, agreed_at, saved_at)
            self._require_finite(known.loss, workload.step)
            self._loss = known.loss
            interval.agreed(workload.step, known.step_seconds)
            now = time.monotonic()
            if self._world.is_root and now - told_at >= _TELL_SECONDS:
                told_at = now
                self._events.emit_or_drop(
                    {
                        "kind": "step",
                        "step": workload.step,
                        "loss": known.loss,
                        "stepSeconds": known.step_seconds,
                    }
                )
            if validates and not ends and self._validate(workload):
                return True
            if known.stop:
                break
            if known.unsaved_seconds >= self._request.checkpoint_seconds:
                self._save(workload)
                saved_at = time.monotonic()
            agreed_at, agreed_step = time.monotonic(), workload.step
        return False

    def _validate(self, workload: Workload) -> bool:
        """Evaluate the task as it is. Returns whether its rule ends the training."""
        metrics = _finite(workload.evaluate())
        self._validations.append({"step": workload.step, "metrics": metrics})
        self._tell({"kind": "validated", "step": workload.step, "metrics": metrics})
        return self._enough(workload)

    def _enough(self, workload: Workload) -> bool:
        """Whether the task's own rule says that this step, just validated, is the last."""
        rule, known = workload.task.stop_early, self._validations
        if rule is None or not known or known[-1]["step"] != workload.step:
            return False
        history = [
            {"step": one["step"], **{n: math.nan if v is None else v for n, v in metrics.items()}}
            for one in known
            for metrics in [one["metrics"]]
        ]
        return self._world.on_root(lambda: bool(rule(history)))

    def _agree(
        self, share: torch.Tensor, steps: int, agreed_at: float, saved_at: float
    ) -> _Agreement:
        value = share.item()  # waits for the device, so the clock is read after
        now = time.monotonic()
        stop, value, step_seconds, unsaved = self._world.mean(
            [float(self._stop_wanted()), value, (now - agreed_at) / steps, now - saved_at]
        )
        return _Agreement(stop > 0, value * self._world.size, step_seconds, unsaved)

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
        if workload.step == self._saved_step:
            return
        # The loss is of the weights before the step: the step itself may have spoilt them.
        broken = self._world.max([0.0 if workload.runner.is_finite() else 1.0])[0]
        self._require_finite(math.nan if broken else 0.0, workload.step)
        details: CheckpointDetails = {
            "task": self._request.task["name"],
            "strategy": self._request.strategy,
            "loss": self._loss,
            "validations": self._validations,
            "torch": torch.__version__,
        }
        self._checkpoints.save(workload.runner, workload.step, details)
        self._saved_step = workload.step
        self._tell({"kind": "checkpoint", "step": workload.step})

    def _finish(self, workload: Workload) -> None:
        self._save(workload)
        metrics = _finite(workload.evaluate())
        paths = self._request.paths
        with self._device.unlimited():
            weights = workload.runner.full_weights()
            target = self._world.on_root(
                lambda: write_model(paths, self._request.task, workload.task, weights)
            )
        result: Result = {
            "loss": self._loss,
            "metrics": metrics,
            "model": str(target.relative_to(paths.folder)),
        }
        if workload.step < self._request.steps:
            result["stoppedEarly"] = True
        self._tell({"kind": "finished", "step": workload.step, "result": result})

    def _tell(self, event: RankEvent) -> None:
        if self._world.is_root:
            self._events.emit(event)


def _finite(metrics: dict[str, float]) -> dict[str, float | None]:
    """As JSON can hold them."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}


def _identity(request: RankRequest) -> str:
    """What a checkpoint must be of to be gone on from: a schedule depends on the length, too."""
    return f"{request.task['hash']}/seed-{request.task['seed']}/steps-{request.steps}"

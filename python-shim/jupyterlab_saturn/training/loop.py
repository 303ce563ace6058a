"""The one training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from ..errors import Json, SaturnError
from .checkpoint import Checkpoints
from .device import RankDevice
from .events import EventSocket
from .export import write_weights
from .pace import Pace
from .request import Request
from .workload import Workload
from .world import World

_TELL_SECONDS = 0.2
_Told = Literal["started", "checkpoint", "finished", "stopped"]


@dataclass(frozen=True)
class _Agreement:
    """What the ranks know in common after a step."""

    stop: bool
    loss: float
    step_seconds: float
    unsaved_seconds: float


class Training:
    """Trains a task from its newest checkpoint to its last step, or until told to stop.

    Parameters
    ----------
    stop_wanted
        Whether this rank was told to stop; all stop together when any is.
    """

    def __init__(
        self,
        request: Request,
        world: World,
        device: RankDevice,
        events: EventSocket,
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

    def run(self) -> None:
        """Train, telling the agent about it.

        Raises
        ------
        SaturnError
            ``loss-not-finite`` when training diverged, and whatever building, stepping or
            saving the task raises. Committed checkpoints stay.
        """
        workload = Workload.build(self._request, self._world, self._device, self._request.steps)
        manifest = self._checkpoints.resume(workload.runner)
        if manifest is not None:
            workload.step = self._saved_step = manifest["step"]
            self._loss = manifest["loss"]
        self._tell("started", step=workload.step)
        self._train(workload)
        if workload.step < self._request.steps:
            self._save(workload)
            self._tell("stopped", step=workload.step)
        else:
            self._finish(workload)

    def _train(self, workload: Workload) -> None:
        """Step until the last step or an agreed stop."""
        if any(self._world.max([self._stop_wanted()])):
            return
        pace = Pace(self._request.step_seconds)
        agreed_at = saved_at = told_at = time.monotonic()
        agreed_step = workload.step
        while workload.step < self._request.steps:
            loss = workload.advance()
            if not pace.due(workload.step) and workload.step < self._request.steps:
                continue
            known = self._agree(loss, workload.step - agreed_step, agreed_at, saved_at)
            self._require_finite(known.loss, workload.step)
            self._loss = known.loss
            pace.agreed(workload.step, known.step_seconds)
            now = time.monotonic()
            if self._world.is_root and now - told_at >= _TELL_SECONDS:
                told_at = now
                self._events.emit_step(
                    step=workload.step, loss=known.loss, stepSeconds=known.step_seconds
                )
            if known.stop:
                break
            if known.unsaved_seconds >= self._request.checkpoint_seconds:
                self._save(workload)
                saved_at = time.monotonic()
            agreed_at, agreed_step = time.monotonic(), workload.step

    def _agree(
        self, loss: torch.Tensor, steps: int, agreed_at: float, saved_at: float
    ) -> _Agreement:
        value = loss.item()  # waits for the device, so the clock is read after
        now = time.monotonic()
        stop, value, step_seconds, unsaved = self._world.mean(
            [float(self._stop_wanted()), value, (now - agreed_at) / steps, now - saved_at]
        )
        return _Agreement(stop > 0, value, step_seconds, unsaved)

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
        details: Json = {
            "task": self._request.task["name"],
            "strategy": self._request.strategy,
            "loss": self._loss,
            "torch": torch.__version__,
        }
        self._checkpoints.save(workload.runner, workload.step, details)
        self._saved_step = workload.step
        self._tell("checkpoint", step=workload.step)

    def _finish(self, workload: Workload) -> None:
        self._save(workload)
        metrics = {
            name: value if math.isfinite(value) else None
            for name, value in workload.evaluate().items()
        }
        paths = self._request.paths
        target = paths.model(self._request.task["name"])
        with self._device.unlimited():
            weights = workload.runner.full_weights()
            self._world.on_root(lambda: write_weights(target, weights))
        result: Json = {
            "loss": self._loss,
            "metrics": metrics,
            "model": str(target.relative_to(paths.folder)),
        }
        self._tell("finished", step=workload.step, result=result)

    def _tell(self, kind: _Told, **fields: object) -> None:
        if self._world.is_root:
            self._events.emit(kind, **fields)


def _identity(request: Request) -> str:
    """What a checkpoint must be of to be gone on from: a schedule depends on the length, too."""
    return f"{request.task['hash']}/seed-{request.task['seed']}/steps-{request.steps}"

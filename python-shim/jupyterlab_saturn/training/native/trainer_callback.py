"""A callback of transformers that follows a Trainer. Imported only where one trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from transformers import TrainerCallback

from ...errors import SaturnError
from ...scalar_log import is_scalar, log_foreign, name_in_log
from ..components.scalars import Scalar, kept
from .checkpoint_sidecar import CheckpointSidecar
from .divided_loader import is_counted
from .monitor import Loop, StepReport, Wish
from .native_loop import NativeRun

_LOGGED = ("loss", "learning_rate", "epoch", "step", "total_flos", "num_input_tokens_seen")
_NOT_OF_STEPS = ("eval_", "train_")


class FollowingCallback(TrainerCallback):
    """Tells a monitor of the steps of a Trainer, and has it save and stop when that is wished.

    Parameters
    ----------
    describe
        Makes a `Loop` of the number of steps, the model and the loader.
    commit
        Marks the checkpoint of a step as complete, and says whether it can be gone on with. For
        one rank.
    sidecar
        Saves what the Trainer and its callbacks keep to themselves.
    """

    def __init__(
        self,
        run: NativeRun,
        trainer: Any,
        describe: Callable[[int, torch.nn.Module, Any], Loop],
        commit: Callable[[NativeRun, int, bool], None],
        sidecar: CheckpointSidecar,
    ) -> None:
        self._run = run
        self._trainer = trainer
        self._sidecar = sidecar
        self._describe = describe
        self._commit = commit
        self._wish = Wish()
        self._in_epoch = False
        self._wraps = False
        self._kept_step = 0
        self._losses: list[Scalar] = []
        self._rate: Scalar | None = None
        self._steps = False
        make_step = trainer.training_step

        def training_step(*args: Any, **options: Any) -> Any:
            self._steps = True
            try:
                loss = make_step(*args, **options)
            finally:
                self._steps = False
            if is_scalar(loss):
                self._losses.append(kept(loss))
            return loss

        trainer.training_step = training_step

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        monitor, loader = self._run.monitor, given["train_dataloader"]
        _require_kept_batch(loader, args, self._run.world.size)
        self._sidecar.begin()
        self._kept_step = state.global_step
        monitor.begins(
            lambda: replace(
                self._describe(state.max_steps, given["model"], loader),
                warnings=self._sidecar.warnings(),
            )
        )
        monitor.started(state.global_step)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self._in_epoch = True

    def on_epoch_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self._in_epoch = False
        # How many batches such a pass has is not known, so nobody would find the place in the next.
        self._wraps = not is_counted(given["train_dataloader"])
        self._save_if_wished(control)

    def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self._run.logged.take()  # what was logged between steps is of an evaluation

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        optimizer = given.get("optimizer")
        rate = None if optimizer is None else optimizer.param_groups[0].get("lr")
        self._rate = None if rate is None else kept(rate)

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        losses, self._losses = self._losses, []
        # Each is its share of the mean.
        told = StepReport(
            loss=sum(losses[1:], losses[0]) if losses else None,
            rate=self._rate,
            logged=self._run.logged.take(),
        )
        wish = self._run.monitor.stepped(state.global_step, told)
        self._wish = Wish(self._wish.save or wish.save, self._wish.stop or wish.stop)
        if not self._ends_epoch(state):
            self._save_if_wished(control)

    def _ends_epoch(self, state: Any) -> bool:
        """Whether an epoch ends with this step: what is done then, a checkpoint would skip."""
        return self._in_epoch and float(state.epoch or 0.5).is_integer()

    def _save_if_wished(self, control: Any) -> None:
        if not self._wish.save or control.should_training_stop:
            return
        if not self._wraps and self._sidecar.can_save():
            control.should_save = True
        elif self._wish.stop:
            self._run.monitor.stopped(self._kept_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **given: Any) -> None:
        own = {
            name: value
            for name, value in (logs or {}).items()
            if is_scalar(value) and name not in _LOGGED and not name.startswith(_NOT_OF_STEPS)
        }
        if self._steps:
            for name, value in own.items():
                log_foreign(name, value)
        elif "loss" in (logs or {}):  # of a step that was told of
            norm = own.pop("grad_norm", None)
            values = {name_in_log(name): float(value) for name, value in own.items()}
            norm = None if norm is None else float(norm)
            self._run.monitor.noted(state.global_step, values, norm)

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **given: Any
    ) -> None:
        self._run.monitor.evaluated(state.global_step, numbers(metrics or {}))
        self._run.monitor.interrupted()

    def on_save(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        step, world = state.global_step, self._run.world
        goes_on = not (self._ends_epoch(state) or self._wraps or control.should_training_stop)
        goes_on = goes_on and self._sidecar.save(self._run.folder / f"checkpoint-{step}")
        if world.is_root:
            self._commit(self._run, step, goes_on)
        self._run.monitor.interrupted()
        if not goes_on:  # one of the Trainer's own
            if self._ends_epoch(state):  # once more after that: it takes the place of an older one
                self._wish = replace(self._wish, save=True)
            return
        self._kept_step = step
        self._run.monitor.saved(step)
        if self._wish.stop:
            self._run.monitor.stopped(step)
        self._wish = Wish()


def numbers(metrics: Any) -> dict[str, float]:
    """What an evaluation measured, without its timing."""
    timing = ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time")
    return {
        name.removeprefix("eval_"): float(value)
        for name, value in metrics.items()
        if isinstance(value, int | float) and name != "epoch" and not name.endswith(timing)
    }


def _require_kept_batch(loader: Any, args: Any, devices: int) -> None:
    """Refuse a loader of the user's own that does not go by the size that a device gets.

    Raises
    ------
    SaturnError
        ``infeasible``.
    """
    expected = args.per_device_train_batch_size * devices
    found = getattr(loader, "total_batch_size", None)
    if devices > 1 and found != expected:
        raise SaturnError(
            "infeasible",
            f"The Trainer's own loader makes batches of {found or 'an unknown size'} over "
            f"{devices} devices, where one device trains with {expected}.",
            "Have get_train_dataloader use self.args.train_batch_size.",
        )

"""What follows a Lightning Trainer. Lightning is imported by whoever made one."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from ..adapters.lightning_evaluation import log_in_training
from ..components.scalars import Scalar, Weighed, kept
from ..run.atomic_checkpoint import AtomicCheckpoints
from ..run.checkpoint_manifest import fingerprint
from .checkpoint_sidecar import CheckpointSidecar
from .divided_loader import DividedLoader, is_divisible
from .monitor import Loop, StepReport, Wish, why_not_divided
from .native_loop import NativeRun

if TYPE_CHECKING:
    from ...generated.wire_types import Evaluating

CHECKPOINT = "lightning.ckpt"
"""Lightning's own, within a checkpoint of ours."""


def following_callback(
    run: NativeRun, trainer: Any, checkpoints: AtomicCheckpoints, sidecar: CheckpointSidecar
) -> Any:
    """A callback that follows a Trainer, of the package that the Trainer is of."""
    package = type(trainer).__module__.removesuffix(".trainer.trainer")
    base = importlib.import_module(package).Callback
    return type("FollowingCallback", (_Following, base), {})(run, checkpoints, sidecar)


class _Following:
    """Tells a monitor of the batches of a Trainer, each a step, and saves and stops when wished.

    Parameters
    ----------
    checkpoints
        Where Lightning's own checkpoints are put.
    sidecar
        What is put beside them.
    """

    def __init__(
        self, run: NativeRun, checkpoints: AtomicCheckpoints, sidecar: CheckpointSidecar
    ) -> None:
        self._run = run
        self._sidecar = sidecar
        self._kept_step = 0
        self._checkpoints = checkpoints
        self._wish = Wish()
        self._loaders: list[DividedLoader] = []
        self._saved_step: int | None = None
        self._rate: Scalar | None = None
        self._losses: set[str] = set()

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Have each loader of training batches divided, and gone on with where it was."""
        process = trainer.strategy.process_dataloader

        def divided(loader: Any) -> Any:
            if trainer.training and is_divisible(loader):
                loader = DividedLoader(loader, self._run.world)
                self._loaders.append(loader)
            return process(loader)

        trainer.strategy.process_dataloader = divided

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._sidecar.begin()
        self._kept_step = _step(trainer)
        self._run.monitor.begins(lambda: self._describe(trainer, pl_module))
        self._run.monitor.started(self._kept_step)
        after_batch, log = pl_module.on_train_batch_end, pl_module.log

        def on_train_batch_end(*args: Any, **options: Any) -> None:
            after_batch(*args, **options)
            self._stepped(trainer, args[0])  # after all others: what they do is a part of the step

        def heard(name: str, value: Any, *args: Any, **options: Any) -> None:
            log(name, value, *args, **options)
            log_in_training(name, value)

        pl_module.on_train_batch_end, pl_module.log = on_train_batch_end, heard

    def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
        self._rate = None
        self._run.logged.take()  # what was logged between batches is of no step

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        if self._rate is None:  # of several optimizers the first
            rate = optimizer.param_groups[0].get("lr")
            self._rate = None if rate is None else kept(rate)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.sanity_checking:
            self._run.monitor.evaluated(_step(trainer), numbers(trainer.callback_metrics))
        self._run.monitor.interrupted()

    def _stepped(self, trainer: Any, outputs: Any) -> None:
        step = _step(trainer)
        for loader in self._loaders:
            loader.done = trainer.fit_loop.epoch_loop.batch_idx + 1
        logged = self._run.logged.take()
        told = StepReport(loss=self._loss(outputs, logged), rate=self._rate, logged=logged)
        wish = self._run.monitor.stepped(step, told)
        self._wish = Wish(self._wish.save or wish.save, self._wish.stop or wish.stop)
        if not self._wish.save or not self._can_go_on(trainer):
            return
        # Where validation comes by the clock, only one of the ranks may find that it is due.
        if self._run.world.sum([float(self._is_between(trainer))])[0] > 0:
            return
        if self._save(trainer, step):
            self._kept_step = step
            self._run.monitor.saved(step)
        if self._wish.stop:
            self._run.monitor.stopped(self._kept_step)
        self._wish = Wish()

    def _is_between(self, trainer: Any) -> bool:
        """Whether more follows that belongs to this batch, and that a checkpoint would skip.

        An epoch ends with validation and schedules; gradients add up to the end of a step.
        """
        loop = trainer.fit_loop.epoch_loop
        adds_up = trainer.lightning_module.automatic_optimization and loop._should_accumulate()
        validates = loop._should_check_val_fx(trainer.fit_loop._data_fetcher)
        return bool(trainer.is_last_batch or adds_up or validates)

    def _loss(self, outputs: Any, logged: Mapping[str, Weighed]) -> Scalar | None:
        """What the step returned, or the one loss that it ever logs."""
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if isinstance(loss, torch.Tensor) and loss.numel() == 1:
            return kept(loss)
        self._losses |= {name for name in logged if "loss" in name}
        if len(self._losses) != 1 or not self._losses <= logged.keys():
            return None
        total, calls = logged[next(iter(self._losses))]
        return total / calls

    def _can_go_on(self, trainer: Any) -> bool:
        """Whether all loaders go on in the middle of an epoch."""
        return len(self._loaders) == len(trainer.fit_loop._combined_loader.flattened)

    def _save(self, trainer: Any, step: int) -> bool:
        """Commit a checkpoint, if all there is can be saved."""
        checkpoints, world = self._checkpoints, self._run.world
        if not self._sidecar.can_save():
            return False
        folder = world.on_root(lambda: checkpoints.begin(step, 0))
        trainer.save_checkpoint(folder / CHECKPOINT)
        self._sidecar.save(folder)
        world.on_root(
            lambda: checkpoints.commit(step, {CHECKPOINT: fingerprint(folder / CHECKPOINT)}, {})
        )
        return True

    def _describe(self, trainer: Any, module: Any) -> Loop:
        per_epoch = trainer.num_training_batches
        steps = math.inf
        if trainer.max_epochs is not None and trainer.max_epochs > 0:
            steps = trainer.max_epochs * per_epoch
        if trainer.max_steps > 0:
            steps = min(steps, trainer.max_steps * trainer.accumulate_grad_batches)
        if not math.isfinite(steps):
            steps = per_epoch if math.isfinite(per_epoch) else 1
        loaders = self._loaders
        batch = loaders[0].whole.batch_size if loaders else 1
        samples = len(loaders[0].dataset) if loaders else int(steps)  # type: ignore[arg-type]

        def why_not(devices: int) -> str | None:
            if devices == 1:
                return None
            if not self._can_go_on(trainer):
                return "its batches do not come from a plain DataLoader, so they cannot be divided"
            for loader in loaders:
                reason = why_not_divided(
                    len(loader.dataset),  # type: ignore[arg-type]
                    loader.whole.batch_size,
                    devices,
                    drops_last=bool(getattr(loader.whole, "drop_last", False)),
                    hint="drop_last=True of the DataLoader",
                )
                if reason is not None:
                    return reason
            return None

        return Loop(
            steps=max(1, int(steps)),
            steps_per_epoch=max(1, int(per_epoch) if math.isfinite(per_epoch) else int(steps)),
            samples=max(1, samples),
            batch_size=batch,
            logged_batch=batch if loaders else None,
            why_not=why_not,
            models=[module],
            evaluating=_evaluating(trainer, per_epoch),
            warnings=self._sidecar.warnings(),
        )


def _evaluating(trainer: Any, per_epoch: float) -> Evaluating:
    """How a Trainer validates on its way; what it logs then shows only then."""
    if not trainer.enable_validation:
        return {"metrics": []}
    epochs, batches = trainer.check_val_every_n_epoch, trainer.val_check_batch
    every = batches if epochs in (None, 1) else epochs * per_epoch
    return {"every": int(every)} if math.isfinite(every) and every >= 1 else {}


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """What has been logged, as numbers."""
    return {
        name: float(value)
        for name, value in metrics.items()
        if isinstance(value, int | float) or (hasattr(value, "numel") and value.numel() == 1)
    }


def _step(trainer: Any) -> int:
    """Batches done; of optimizer steps, manual optimisation makes any number."""
    return int(trainer.fit_loop.epoch_loop.batch_progress.total.processed)

"""From a LightningModule and its data to a Task: the steps are taken over, the loop is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.data import DataLoader, default_collate

from ...errors import SaturnError
from ...task import Task
from ..components.compiled import compiled_in_place
from ..components.told_dataset import ToldDataset
from ..runtime.preparation import root_first
from .accumulation import Accumulation
from .adapter import NeedsNative, is_a
from .data_loader import Collate, Unpacked, unpack
from .early_stopping import Stopping
from .lightning_evaluation import (
    HeldOutBatches,
    LightningEvaluation,
    call_step,
    log_in_training,
    package_of,
    replaced_log,
    the_only,
)
from .lightning_optimizer import Configuration
from .lightning_parts import Parts
from .lightning_settings import LIBRARIES, options_of, reasons
from .lightning_trainer import TrainerInPlace
from .overrides import comes_from
from .trackers_asked import of_lightning
from .training_step_code import TrainingStepCode

_PRECISIONS: dict[str, Any] = {
    "32": "float32",
    "32-true": "float32",
    "bf16": "bfloat16",
    "bf16-mixed": "bfloat16",
    "16": "float16",
    "16-mixed": "float16",
}
_EPOCHS = 1000  # what Lightning trains when nothing is said


def from_lightning(parts: Parts) -> Task:
    """The Task of a LightningModule and its data.

    Raises
    ------
    NeedsNative
        For what is not known to train here as Lightning does it.
    SaturnError
        As `unpack`; ``bad-task`` when parts are missing.
    """
    module = parts.module
    compiled_in_place(module)
    options = options_of(parts)
    why = list(reasons(parts, options))
    if why:
        raise NeedsNative(" and ".join(why), parts.made)
    precision = _PRECISIONS.get(str(options["precision"] or "32-true"))
    if precision is None:
        raise NeedsNative(f"the precision is {options['precision']}", parts.made)
    trainer = TrainerInPlace(options, parts.data)
    loader, held_out_loaders = _loaders(parts, trainer)
    train, batches = _train(loader, options)
    if ToldDataset.of(train.data) is not train.data:
        raise NeedsNative("its dataset has a set_epoch, which Lightning does not call", parts.made)
    accumulated = options["accumulate_grad_batches"]
    code = TrainingStepCode(module)
    if not code.is_known:
        raise NeedsNative("its training_step is no function", parts.made)
    if code.may_return_nothing():
        raise NeedsNative("training_step returns nothing of some batches", parts.made)
    if accumulated > 1 and code.reads_index():
        raise NeedsNative("training_step looks at batch_idx while batches add up", parts.made)
    accumulation = Accumulation(batches, accumulated)
    per_epoch = accumulation.steps_per_epoch
    steps = _steps(options, per_epoch, has_trainer=parts.trainer is not None)
    trainer.follow(accumulation, batches, steps)
    configuration = Configuration(module, parts.made, batches, accumulated)
    watched = [*_watched(options["callbacks"], module), configuration.monitor]
    if code.texts.intersection(watched):
        raise NeedsNative("it acts upon a metric that training_step logs", parts.made)
    tracking, untold = of_lightning(parts)
    task = Task(
        model=module,
        data=train.data,
        collate=_Batch(train.collate or default_collate),
        workers=train.workers,
        forward=_TrainingStep(trainer),
        loss=_said_loss,
        optimizer=configuration.optimizer,
        schedule=configuration.schedule if configuration.is_scheduled() else None,
        schedule_every="step" if configuration.every == "step" else "epoch",
        schedule_metric=configuration.monitor,
        batch_size=train.batch_size * accumulated,
        micro_batches=accumulated,
        equal_parts=accumulated > 1,
        order=train.order,
        drop_last=train.drop_last,
        steps=steps,
        clip_norm=options["gradient_clip_val"] or None,
        precision=precision,
        before_step=trainer.before_step,
        remarks=(*_remarks(parts), *untold),
        tracking=tracking,
    )
    validates = bool(held_out_loaders) and _is_own(module, "validation_step")
    if any(watched) and not validates:
        raise NeedsNative("it acts upon metrics, and is never validated", parts.made)
    if not validates:
        return task
    held_out = HeldOutBatches(held_out_loaders, options["limit_val_batches"])
    trainer.num_val_batches = held_out.counts
    if len(held_out) == 0:
        return task
    every = _validate_every(options, batches, per_epoch)
    if every is None or (configuration.monitor is not None and every != per_epoch):
        raise NeedsNative("it validates at other than equal distances", parts.made)
    return replace(
        task,
        eval_data=held_out,
        eval_collate=the_only,
        eval_batch_size=1,
        evaluation=LightningEvaluation(module, trainer, len(held_out_loaders)),
        validate_every=every,
        **_rules(options["callbacks"], module),
    )


@dataclass(frozen=True)
class _TrainingStep:
    """A `Task.forward` by ``training_step``."""

    trainer: TrainerInPlace

    def __call__(self, model: torch.nn.Module, batch: Any) -> Any:
        module: Any = next(
            part for part in model.modules() if hasattr(part, "configure_optimizers")
        )
        with replaced_log(module, log_in_training):
            said = call_step(model, module, module.training_step, batch, self.trainer.batch_idx)
        loss = said["loss"] if isinstance(said, Mapping) else said
        if loss is None:
            raise SaturnError(
                "bad-loss",
                "training_step returned None, so what a step is is not known.",
                "Return the loss, or train natively: add the cell with %%saturn task --native.",
            )
        return loss * self.trainer.loss_share


def _said_loss(outputs: Any, targets: Any) -> Any:
    return outputs


@dataclass(frozen=True)
class _Batch:
    """Batches as pairs: a step takes the whole of one."""

    collate: Collate

    def __call__(self, samples: list[Any]) -> tuple[Any, tuple[()]]:
        return self.collate(samples), ()


def _train(loader: DataLoader[Any], options: Mapping[str, Any]) -> tuple[Unpacked, int]:
    """What there is to train on, and how many batches of it make an epoch."""
    batches, limit = len(loader), options["limit_train_batches"]
    wanted = int(batches * limit) if isinstance(limit, float) else min(batches, limit)
    return unpack(loader, "train_dataloader", limit=wanted), wanted


def _steps(options: Mapping[str, Any], per_epoch: int, *, has_trainer: bool) -> int:
    epochs, steps = options["max_epochs"], options["max_steps"]
    if epochs is None and steps < 1:
        epochs = _EPOCHS if has_trainer else 1
    limits = [epochs * per_epoch] if epochs is not None and epochs > 0 else []
    limits += [steps] if steps > 0 else []
    if not limits:
        raise SaturnError(
            "bad-task", "The Trainer trains without an end.", "Give it max_epochs or max_steps."
        )
    return int(min(limits))


def _validate_every(options: Mapping[str, Any], batches: int, per_epoch: int) -> int | None:
    """Steps between validations; None when they are not equal."""
    interval, epochs = options["val_check_interval"], options["check_val_every_n_epoch"]
    parts = options["accumulate_grad_batches"]
    if interval in (None, 1.0) and isinstance(interval, float | None):
        return epochs * per_epoch if epochs else None
    count = max(1, int(batches * interval)) if isinstance(interval, float) else int(interval)
    within = epochs == 1 and batches % count == 0
    return count // parts if (within or epochs is None) and count % parts == 0 else None


def _loaders(parts: Parts, trainer: TrainerInPlace) -> tuple[DataLoader[Any], list[Any]]:
    """What to train from and what to validate on, made as Lightning has them made."""
    module, data = parts.module, parts.data
    owners = [each for each in (data, module) if each is not None]
    for owner in owners:
        owner.trainer = trainer
    # Downloads and the like are to happen once: rank 0 first, then the others find them done.
    for owner in owners:
        root_first(
            owner.prepare_data,
            f"{type(owner).__module__}.{type(owner).__qualname__}",
            on_each_node=getattr(owner, "prepare_data_per_node", True),
        )
    for owner in owners:
        owner.setup(stage="fit")
    module.configure_model()
    source = data if data is not None else module
    train, *held_out = parts.loaders or (source.train_dataloader(),)
    if not held_out and _is_own(source, "val_dataloader"):
        held_out = [source.val_dataloader()]
    listed = [
        each for one in held_out for each in (one if isinstance(one, list | tuple) else [one])
    ]
    for role, loader in [("train", train), *(("val", each) for each in listed if each is not None)]:
        if not isinstance(loader, DataLoader):
            raise NeedsNative(f"its {role}_dataloader is a {type(loader).__name__}", parts.made)
    trainer.train_dataloader, trainer.val_dataloaders = train, listed
    return train, [each for each in listed if each is not None]


def _watched(callbacks: Sequence[Any], module: Any) -> list[str]:
    """The metrics by which callbacks decide how long to train."""
    kind = f"{package_of(module)}.callbacks.early_stopping.EarlyStopping"
    return [each.monitor for each in callbacks if is_a(each, kind)]


def _rules(callbacks: Sequence[Any], module: Any) -> dict[str, Any]:
    """Of a task: when to stop, and what says how good it is."""
    root = f"{package_of(module)}.callbacks"
    stopping = [c for c in callbacks if is_a(c, f"{root}.early_stopping.EarlyStopping")]
    saving = [c for c in callbacks if is_a(c, f"{root}.model_checkpoint.ModelCheckpoint")]
    rules: dict[str, Any] = {}
    if stopping:
        rules["stop_early"] = Stopping(stopping[0])
    of_training = TrainingStepCode(module).texts
    for callback in (*saving, *stopping):
        known = callback.monitor is not None and callback.monitor not in of_training
        if known and "best" not in rules:
            rules["best"] = f"{callback.monitor}:{callback.mode}"
    return rules


def _remarks(parts: Parts) -> Iterator[str]:
    if parts.trainer is None:
        yield "There is no Trainer that says how long to train: it is one epoch."


def _is_own(thing: Any, name: str) -> bool:
    """Whether a method is the user's own."""
    method = getattr(thing, name, None)
    return callable(method) and not comes_from(getattr(method, "__func__", method), LIBRARIES)

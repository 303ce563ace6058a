"""From a Hugging Face Trainer to a Task: what is trained is taken over, its loop is not.

The batch of a step is ``per_device_train_batch_size x gradient_accumulation_steps``, as the
Trainer makes it on one device; the accumulated parts become micro-batches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    PreTrainedTokenizerBase,
    ProcessorMixin,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers import trainer as library
from transformers.integrations.neftune import activate_neftune
from transformers.trainer_utils import IntervalStrategy

from ...errors import SaturnError
from ...task import Task, by_keyword
from ..components.compiled import compiled_in_place
from ..components.seeding import undisturbed
from .accumulation import Accumulation
from .adapter import NeedsNative
from .data_loader import Collate, Unpacked, unpack, unpack_eval
from .early_stopping import EarlyStopping
from .logits_loss import logits_loss
from .trackers_asked import of_arguments
from .trainer_evaluation import Measured, Prediction, TrainerEvaluation, is_by_batch
from .trainer_loss import Divisor, WholeLoss, divisor_of, items_in, said_loss
from .trainer_optimizer import optimizer_of, schedule_of
from .trainer_settings import early_stopping_callback, learns_prompts, reasons
from .trainer_state import TrainerState, is_users, reads_optimizer

if TYPE_CHECKING:
    from ...task import BeforeStep

_TRIED = (2, 16, 128)
"""Samples of the batches that are looked at, one after another."""


def from_trainer(trainer: Trainer) -> Task:
    """The Task of a Trainer or of a subclass, such as trl's ``SFTTrainer``.

    Raises
    ------
    NeedsNative
        For what is not known to train here as the Trainer does it.
    SaturnError
        As `unpack` and `made_anew`; ``bad-task`` when parts are missing.
    """
    why = list(reasons(trainer))
    if why:
        raise NeedsNative(" and ".join(why), trainer)
    _prepare(trainer)
    args = trainer.args
    if is_users(trainer.compute_loss) and reads_optimizer(trainer.compute_loss):
        raise NeedsNative("its compute_loss looks at the optimizer", trainer)
    model: Any = trainer.model
    parts = args.gradient_accumulation_steps
    loss = logits_loss(trainer)
    if loss is not None:
        vars(model).pop("forward", None)  # trl's own builds no logits
    loader = trainer.get_train_dataloader()
    # One that accelerate has prepared looks for a batch beyond the last.
    limit = None if hasattr(loader, "base_dataloader") else len(loader)
    train = unpack(loader, "train_dataset", limit=limit)
    collate = _Collate(train.collate, tuple(trainer.label_names), split=loss is not None)
    divisor = _divisor(trainer, train, collate, of_logits=loss is not None)
    equal = parts > 1 and divisor != "items"
    if not equal:
        again = trainer.get_train_dataloader()
        train = unpack(again, "train_dataset", merged=parts, limit=limit)
    accumulation = Accumulation(len(loader), parts)
    per_epoch = accumulation.steps_per_epoch
    optimizer, groups = optimizer_of(trainer)
    tracking, remarks = of_arguments(args)
    task = Task(
        model=model,
        data=train.data,
        collate=collate,
        loss=loss or said_loss,
        forward=by_keyword if loss is not None else WholeLoss(trainer, divisor, accumulation),
        optimizer=optimizer,
        parameter_groups=groups,
        schedule=schedule_of(trainer),
        batch_size=train.batch_size * (parts if equal else 1),
        micro_batches=parts,
        equal_parts=equal,
        order=train.order,
        drop_last=train.drop_last,
        epochs=args.num_train_epochs,
        steps=args.max_steps
        if args.max_steps > 0
        else math.ceil(args.num_train_epochs * per_epoch),
        clip_norm=args.max_grad_norm or None,
        precision="bfloat16" if args.bf16 else "float16" if args.fp16 else "float32",
        workers=train.workers,
        before_step=_before_step(trainer, accumulation, needed=equal and divisor == "nothing"),
        export=partial(_export, trainer) if hasattr(model, "save_pretrained") else None,
        tracking=tracking,
        remarks=tuple(remarks),
    )
    return _evaluated(task, trainer, per_epoch)


def _prepare(trainer: Trainer) -> None:
    """What a Trainer does to its model when it begins to train."""
    args = trainer.args
    if trainer.model_init is not None:
        set_seed(args.seed)
        trainer.model = trainer.call_model_init()
    trainer.model = trainer.model_wrapped = compiled_in_place(trainer.model)
    model: Any = trainer.model
    if args.gradient_checkpointing:
        model.gradient_checkpointing_enable(args.gradient_checkpointing_kwargs)
    align = getattr(library, "align_special_tokens", None)
    reads_text = isinstance(trainer.processing_class, (PreTrainedTokenizerBase, ProcessorMixin))
    if align is not None and reads_text and hasattr(model, "config"):  # not one of images or sound
        align(model, trainer.processing_class)
    if args.neftune_noise_alpha is not None:
        activate_neftune(model, args.neftune_noise_alpha, trainer.accelerator)  # type: ignore[no-untyped-call]
    model.train()  # all of it, as the Trainer has it in each step


def _before_step(
    trainer: Trainer, accumulation: Accumulation, *, needed: bool
) -> BeforeStep | None:
    """What follows how far the training is: for a loss of the user's own also in ``state``."""
    if not is_users(trainer.compute_loss):
        return accumulation if needed else None
    return TrainerState(trainer, accumulation)


def _divisor(trainer: Trainer, train: Unpacked, collate: Collate, *, of_logits: bool) -> Divisor:
    if not (trainer.model_accepts_loss_kwargs or trainer.compute_loss_func is not None):
        return "samples"
    if of_logits:
        return "items"
    data: Any = train.data
    order = range(len(data)) if train.order is None else [i for b in train.order(0) for i in b]
    for count in _TRIED:  # a collator that masks may leave few samples with nothing to learn
        with undisturbed():
            batch, _ = collate([data[index] for index in order[:count]])
        items = items_in(trainer, batch)
        if items is None or items > 0:
            return divisor_of(trainer, batch)
    raise SaturnError(
        "bad-task",
        f"The first {len(order[: _TRIED[-1]])} samples have no label to learn from.",
        "Look at what the data_collator makes of them: all labels are -100.",
    )


@dataclass(frozen=True)
class _Collate:
    """Batches as pairs of inputs and labels.

    Attributes
    ----------
    split
        Whether the model gets no labels.
    """

    collate: Callable[[list[Any]], Any] | None
    names: tuple[str, ...]
    split: bool

    def __call__(self, samples: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        collate = self.collate or torch.utils.data.default_collate
        batch = dict(collate(samples))
        names = (*self.names, "shift_labels")
        labels = {name: batch[name] for name in names if name in batch}
        if self.split and "labels" not in labels:
            raise SaturnError(
                "bad-task",
                f"A batch holds {', '.join(batch)}, but no labels to compute a loss from.",
                "Use a data_collator that makes labels, such as "
                "DataCollatorForLanguageModeling(tokenizer, mlm=False).",
            )
        inputs = {name: part for name, part in batch.items() if name not in labels}
        return (inputs if self.split else batch), labels


def _evaluated(task: Task, trainer: Trainer, steps_per_epoch: int) -> Task:
    """A task with the evaluations of a Trainer, and what follows from them."""
    args = trainer.args
    metric = args.metric_for_best_model
    watched = None if metric is None else metric.removeprefix("eval_")
    best = None if watched is None else f"{watched}:{'max' if args.greater_is_better else 'min'}"
    held_out = dict(_held_out(trainer))
    if not held_out:
        return replace(task, best=best)
    first = next(iter(held_out.values()))
    datasets = {name: each.data for name, each in held_out.items()}
    by_batch = is_by_batch(trainer)
    measured = trainer.compute_metrics is not None and not args.prediction_loss_only
    split = task.forward is by_keyword
    return replace(
        task,
        eval_data=datasets if isinstance(trainer.eval_dataset, Mapping) else first.data,
        eval_collate=replace(task.collate, collate=first.collate),  # type: ignore[type-var]
        eval_batch_size=first.batch_size,
        evaluation=TrainerEvaluation(trainer) if by_batch else None,
        prediction=Prediction(trainer, whole=not split) if measured and not by_batch else None,
        metrics=Measured(trainer) if measured and not by_batch else {},
        validate_every=_validate_every(args, steps_per_epoch, task.steps or 1),
        schedule_metric=watched,
        stop_early=_stop_early(trainer, watched),
        best=best,
        keep_best=args.load_best_model_at_end,
    )


def _held_out(trainer: Trainer) -> Iterator[tuple[str, Unpacked]]:
    held_out: Any = trainer.eval_dataset
    if isinstance(held_out, Mapping):
        for name in held_out:
            yield name, unpack_eval(trainer.get_eval_dataloader(name))
    elif held_out is not None:
        yield "", unpack_eval(trainer.get_eval_dataloader())


def _validate_every(args: TrainingArguments, steps_per_epoch: int, steps: int) -> int | None:
    if args.eval_strategy == IntervalStrategy.EPOCH:
        return steps_per_epoch
    if args.eval_strategy != IntervalStrategy.STEPS or not args.eval_steps:
        return None
    return int(args.eval_steps if args.eval_steps >= 1 else math.ceil(args.eval_steps * steps))


def _stop_early(trainer: Trainer, metric: str | None) -> EarlyStopping | None:
    callback = early_stopping_callback(trainer)
    if callback is None:
        return None
    if metric is None or trainer.args.eval_strategy == IntervalStrategy.NO:
        raise SaturnError(
            "bad-task",
            "The EarlyStoppingCallback looks at evaluations, but the TrainingArguments name no "
            "metric_for_best_model, or no eval_strategy.",
            'Say e.g. eval_strategy="epoch", metric_for_best_model="loss".',
        )
    return EarlyStopping(
        metric=metric,
        evaluations=callback.early_stopping_patience,
        threshold=callback.early_stopping_threshold or 0.0,
        greater_is_better=bool(trainer.args.greater_is_better),
    )


def _export(trainer: Trainer, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Write what ``from_pretrained`` reads, the tokenizer beside it."""
    model: Any = trainer.model
    if learns_prompts(model):  # they are written as they are in the model
        model.load_state_dict(weights, strict=False)
    model.save_pretrained(folder, state_dict=weights)
    if trainer.processing_class is not None:
        trainer.processing_class.save_pretrained(folder)

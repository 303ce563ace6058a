"""From a Hugging Face Trainer to a Task: what is trained is taken over, its loop is not.

The batch of a step is ``per_device_train_batch_size x gradient_accumulation_steps``, as the
Trainer makes it on one device; the accumulated parts become micro-batches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments
from transformers.trainer_callback import DefaultFlowCallback, PrinterCallback, ProgressCallback
from transformers.trainer_utils import EvalPrediction, IntervalStrategy

from ...errors import SaturnError
from ...task import Task, by_keyword
from .data_loader import Unpacked, unpack, unpack_eval
from .early_stopping import EarlyStopping
from .logits_loss import logits_loss, logits_of
from .optimizer import optimizer_of

# Arguments that change what is trained, or that people count on, and that have no place here.
_LEFT_OUT = (
    "activation_offloading",
    "auto_find_batch_size",
    "batch_eval_metrics",
    "deepspeed",
    "eval_on_start",
    "fsdp",
    "full_determinism",
    "load_best_model_at_end",
    "neftune_noise_alpha",
    "parallelism_config",
    "push_to_hub",
    "resume_from_checkpoint",
    "torch_compile",
)
_OF_THE_LOOP = (DefaultFlowCallback, PrinterCallback, ProgressCallback, EarlyStoppingCallback)
_DEFAULT_SEED = 42


def from_trainer(trainer: Trainer) -> Task:
    """The Task of a Trainer or of a subclass, such as trl's ``SFTTrainer``.

    Raises
    ------
    SaturnError
        ``unsupported`` for what would train something else than the Trainer does.
    """
    args = trainer.args
    model: Any = trainer.model
    size = args.per_device_train_batch_size * args.gradient_accumulation_steps
    train = unpack(trainer.get_train_dataloader(), "train_dataset", size)
    held_out = _held_out(trainer)
    loss = logits_loss(trainer)
    if loss is not None:
        vars(model).pop("forward", None)  # trl's own builds no logits
    if args.gradient_checkpointing:
        model.gradient_checkpointing_enable(args.gradient_checkpointing_kwargs)
    optimizer, groups = optimizer_of(trainer)
    return Task(
        model=model,
        data=train.data,
        collate=_Collate(train.collate, tuple(trainer.label_names), split=loss is not None),
        loss=loss or _said_loss,
        forward=by_keyword if loss is not None else _whole(trainer),
        optimizer=optimizer,
        parameter_groups=groups,
        schedule=_schedule(trainer),
        batch_size=size,
        micro_batches=args.gradient_accumulation_steps,
        epochs=args.num_train_epochs,
        steps=args.max_steps if args.max_steps > 0 else None,
        clip_norm=args.max_grad_norm or None,
        precision="bfloat16" if args.bf16 else "float16" if args.fp16 else "float32",
        workers=train.workers,
        eval_data=None if held_out is None else held_out.data,
        metrics=_metrics(trainer),
        validate_every=_validate_every(args, len(train.data) // size),  # type: ignore[arg-type]
        stop_early=_stop_early(trainer),
        export=partial(_export, trainer) if hasattr(model, "save_pretrained") else None,
        remarks=(*train.remarks, *_remarks(trainer, as_a_whole=loss is None)),
    )


def _whole(trainer: Trainer) -> Callable[[torch.nn.Module, Any], Any]:
    """The Trainer's own way from a batch with its labels to ``(loss, outputs)``."""

    def compute(model: torch.nn.Module, inputs: Mapping[str, Any]) -> Any:
        return trainer.compute_loss(model, dict(inputs), return_outputs=True)

    return compute


def _said_loss(outputs: Any, targets: Any) -> torch.Tensor:
    loss: torch.Tensor = outputs[0]
    return loss


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


def _schedule(trainer: Trainer) -> Callable[[torch.optim.Optimizer, int], LRScheduler]:
    given = trainer.lr_scheduler
    kind = str(getattr(trainer.args.lr_scheduler_type, "value", trainer.args.lr_scheduler_type))
    if given is None and kind not in ("reduce_lr_on_plateau", "greedy"):

        def make(optimizer: torch.optim.Optimizer, steps: int) -> LRScheduler:
            trainer.lr_scheduler = None  # it makes one only once
            return trainer.create_scheduler(num_training_steps=steps, optimizer=optimizer)

        return make
    if type(given) is LambdaLR:
        return lambda optimizer, _: LambdaLR(optimizer, given.lr_lambdas)
    raise SaturnError(
        "unsupported",
        f"The learning rate follows {kind if given is None else type(given).__name__}, which "
        "cannot be made anew for the parts of a model.",
        "Choose an lr_scheduler_type that follows the steps, such as 'linear' or 'cosine'.",
    )


def _held_out(trainer: Trainer) -> Unpacked | None:
    if trainer.eval_dataset is None:
        return None
    if isinstance(trainer.eval_dataset, dict):
        raise SaturnError(
            "unsupported",
            "The Trainer has several eval_datasets, but a task is evaluated on one.",
            "Choose one of them.",
        )
    return unpack_eval(trainer.get_eval_dataloader())


def _metrics(trainer: Trainer) -> Any:
    compute, prepare = trainer.compute_metrics, trainer.preprocess_logits_for_metrics
    if compute is None or trainer.args.batch_eval_metrics:
        return {}

    def measure(outputs: Any, targets: Mapping[str, torch.Tensor]) -> dict[str, float]:
        logits = logits_of(outputs[1] if isinstance(outputs, tuple) else outputs)
        labels: Any = tuple(label.cpu().numpy() for label in targets.values())
        if prepare is not None:
            logits = prepare(logits, next(iter(targets.values())))
        if logits.is_floating_point():
            logits = logits.float()  # NumPy knows no bfloat16
        said = EvalPrediction(logits.cpu().numpy(), labels[0] if len(labels) == 1 else labels)
        found = compute(said)
        return {name.removeprefix("eval_"): float(value) for name, value in found.items()}

    return measure


def _validate_every(args: TrainingArguments, steps_per_epoch: int) -> int | None:
    if args.eval_strategy == IntervalStrategy.EPOCH:
        return max(1, steps_per_epoch)
    if args.eval_strategy != IntervalStrategy.STEPS or not args.eval_steps:
        return None
    if args.eval_steps >= 1:
        return int(args.eval_steps)
    steps = args.max_steps if args.max_steps > 0 else args.num_train_epochs * steps_per_epoch
    return max(1, math.ceil(args.eval_steps * steps))


def _stop_early(trainer: Trainer) -> EarlyStopping | None:
    args = trainer.args
    for callback in trainer.callback_handler.callbacks:
        if isinstance(callback, EarlyStoppingCallback):
            return EarlyStopping(
                metric=(args.metric_for_best_model or "loss").removeprefix("eval_"),
                evaluations=callback.early_stopping_patience,
                threshold=callback.early_stopping_threshold or 0.0,
                greater_is_better=bool(args.greater_is_better),
            )
    return None


def _export(trainer: Trainer, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Write what ``from_pretrained`` reads, the tokenizer beside it."""
    model: Any = trainer.model
    model.save_pretrained(folder, state_dict=weights)
    if trainer.processing_class is not None:
        trainer.processing_class.save_pretrained(folder)


def _remarks(trainer: Trainer, *, as_a_whole: bool) -> Iterator[str]:
    args = trainer.args
    left_out = [name for name in _LEFT_OUT if getattr(args, name, None)]
    if left_out:
        yield f"Left out of the TrainingArguments: {', '.join(left_out)}."
    callbacks = [
        type(callback).__name__
        for callback in trainer.callback_handler.callbacks
        if not isinstance(callback, _OF_THE_LOOP)
    ]
    if callbacks:
        yield f"Left out of the Trainer's callbacks: {', '.join(callbacks)}."
    if args.seed != _DEFAULT_SEED:
        yield (
            f"seed={args.seed} of the TrainingArguments is left out: the order of samples and "
            "dropout follow the seed of the task."
        )
    if as_a_whole:
        yield (
            "The loss is computed by the Trainer as a whole: a batch counts by its samples, and "
            "the model cannot be split into stages."
        )
    if trainer.compute_metrics is not None and not args.batch_eval_metrics:
        yield (
            "compute_metrics is called for each batch and averaged over the samples: right for "
            "means such as accuracy, not for F1 or perplexity."
        )

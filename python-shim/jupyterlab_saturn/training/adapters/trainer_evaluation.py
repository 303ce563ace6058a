"""What a Trainer measures on held-out data, as its ``evaluation_loop`` does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_map_only
from transformers import Seq2SeqTrainer, Trainer, trainer_pt_utils
from transformers.trainer_utils import EvalPrediction

from .overrides import own_methods
from .trainer_settings import LIBRARIES

_tools: Any = trainer_pt_utils  # whose functions have no types


def is_by_batch(trainer: Trainer) -> bool:
    """Whether a Trainer's evaluation is more than a function of outputs and labels."""
    args = trainer.args
    own = "prediction_step" in own_methods(trainer, Trainer, LIBRARIES)
    if own or isinstance(trainer, Seq2SeqTrainer):  # which weighs losses in its own way
        return True
    return trainer.compute_metrics is not None and (
        bool(args.batch_eval_metrics)
        or bool(args.include_for_metrics)
        or not args.eval_do_concat_batches
    )


@dataclass(frozen=True)
class Prediction:
    """A `Task.prediction`: the logits as a Trainer hands them to its metrics.

    Attributes
    ----------
    whole
        Whether outputs are those of a `WholeLoss`.
    """

    trainer: Trainer
    whole: bool

    def __call__(self, outputs: Any, targets: Mapping[str, torch.Tensor]) -> Any:
        said = outputs[1] if self.whole else outputs
        if type(self.trainer).prediction_step.__module__.startswith("trl."):
            predicted = said["logits"] if isinstance(said, Mapping) else said
        elif isinstance(said, Mapping):
            config = getattr(self.trainer.model, "config", None)
            left_out = getattr(config, "keys_to_ignore_at_inference", ["past_key_values"])
            predicted = tuple(v for k, v in said.items() if k not in [*left_out, "loss"])
        elif isinstance(said, tuple):
            predicted = said[1:] if self.whole else said
        else:
            predicted = said
        if isinstance(predicted, tuple) and len(predicted) == 1:
            (predicted,) = predicted
        prepare = self.trainer.preprocess_logits_for_metrics
        if prepare is not None:
            predicted = prepare(predicted, labels_of(self.trainer, targets))
        return _plain(predicted)


def labels_of(trainer: Trainer, batch: Mapping[str, Any]) -> Any:
    """The labels of a batch as a Trainer gives them to metrics; None when some are missing."""
    names = trainer.label_names
    if not names or any(batch.get(name) is None for name in names):
        return None
    labels = tuple(batch[name] for name in names)
    return labels[0] if len(labels) == 1 else labels


@dataclass(frozen=True)
class Measured:
    """A `Task.metrics`: what ``compute_metrics`` says of all predictions and labels."""

    trainer: Trainer

    def __call__(self, predictions: Any, targets: Mapping[str, torch.Tensor]) -> dict[str, float]:
        labels = labels_of(self.trainer, targets)
        compute = self.trainer.compute_metrics
        if compute is None or labels is None:
            return {}
        said = EvalPrediction(
            _tools.nested_numpify(predictions), _tools.nested_numpify(_plain(labels))
        )
        return dict(_numbers(compute(said)))


class TrainerEvaluation:
    """A `Task.evaluation`, by the Trainer's own ``prediction_step``."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        args: Any = trainer.args
        # The batch is on the model's device already, which is not the one the Trainer knows.
        trainer._prepare_inputs = dict  # type: ignore[assignment, method-assign]
        options = {
            name: getattr(args, f"generation_{name}", None) for name in ("max_length", "num_beams")
        }
        trainer._gen_kwargs = {k: v for k, v in options.items() if v is not None}  # type: ignore[attr-defined]
        plain = (Trainer.prediction_step, Seq2SeqTrainer.prediction_step)
        self.beyond_forward = type(trainer).prediction_step not in plain or bool(
            getattr(args, "predict_with_generate", False)
        )
        self._wanted = frozenset(args.include_for_metrics)
        self.begin(0)

    def begin(self, step: int) -> None:
        joined = self._trainer.args.eval_do_concat_batches
        self._kept = {
            name: _tools.EvalLoopContainer(joined, padding_index=-100)
            for name in ("losses", "predictions", "label_ids", "inputs")
        }
        self._held_back: dict[str, Any] | None = None

    def batch(self, model: torch.nn.Module, batch: Any, index: int) -> None:
        trainer, (inputs, _) = self._trainer, batch
        if self._held_back is not None:
            self._measure(self._held_back, compute_result=False)
        only_loss = trainer.compute_metrics is None or trainer.args.prediction_loss_only
        loss, predictions, labels = trainer.prediction_step(model, inputs, only_loss)
        if predictions is not None and trainer.preprocess_logits_for_metrics is not None:
            predictions = trainer.preprocess_logits_for_metrics(predictions, labels)  # type: ignore[arg-type]
        main = getattr(trainer.model, "main_input_name", "input_ids")
        samples = _tools.find_batch_size(inputs)
        if isinstance(trainer, Seq2SeqTrainer):  # to it, the last batch is as large as the others
            samples = trainer.args.per_device_eval_batch_size
        found = {
            "losses": None if loss is None else loss.repeat(samples),
            "predictions": _plain(predictions),
            "label_ids": _plain(labels),
            "inputs": inputs[main] if "inputs" in self._wanted else None,
        }
        if trainer.args.batch_eval_metrics:
            self._kept["losses"].add(found["losses"])
            self._held_back = {**found, "inputs": inputs if "inputs" in self._wanted else None}
            return
        for name, value in found.items():
            if value is not None:
                self._kept[name].add(value)

    def end(self) -> dict[str, float]:
        arrays = {name: kept.get_arrays() for name, kept in self._kept.items()}
        said: Mapping[str, Any] = {}
        if self._held_back is not None:
            said = self._measure(self._held_back, compute_result=True)
        elif arrays["predictions"] is not None and arrays["label_ids"] is not None:
            said = self._measure(arrays)
        metrics = dict(_numbers(said))
        losses = arrays["losses"]
        if losses is not None:
            parts = losses if isinstance(losses, list) else [losses]
            metrics["loss"] = float(sum(p.sum() for p in parts) / sum(p.size for p in parts))
        return metrics

    def _measure(self, found: Mapping[str, Any], **options: Any) -> Mapping[str, Any]:
        compute = self._trainer.compute_metrics
        if compute is None or found["predictions"] is None or found["label_ids"] is None:
            return {}
        said = EvalPrediction(
            predictions=found["predictions"],
            label_ids=found["label_ids"],
            losses=found["losses"] if "loss" in self._wanted else None,
            inputs=found["inputs"],
        )
        return compute(said, **options)


def _plain(value: Any) -> Any:
    """With what is in half precision as the Trainer's forwards return it."""
    halves = (torch.bfloat16, torch.float16)
    return tree_map_only(torch.Tensor, lambda t: t.float() if t.dtype in halves else t, value)


def _numbers(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """All numbers that metrics are made of, by names without the Trainer's prefix."""
    for name, value in metrics.items():
        full = f"{prefix}{name}".removeprefix("eval_")
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{full}_")
        elif isinstance(value, int | float):
            yield full, float(value)
        elif hasattr(value, "item") and value.shape in ((), (1,)):  # of NumPy or PyTorch
            yield full, float(value.item())

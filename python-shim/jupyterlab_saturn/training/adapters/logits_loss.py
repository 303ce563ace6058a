"""The loss of a transformers model from its logits, for batches cut in any way.

Given labels, such a model computes its loss itself: a mean over what is in front of it. Here it
gets none, and the loss is made of what it returns: as a sum and a count where labels count
unequally, so that padding weighs nothing however a batch is cut, and so that the last stage of a
pipeline can compute it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel, Trainer
from transformers.loss.loss_utils import (
    LOSS_MAPPING,
    ForCausalLMLoss,
    ForMaskedLMLoss,
    ForSequenceClassificationLoss,
)

_IGNORED = -100
_PLAIN = ("transformers.trainer", "trl.trainer.sft_trainer")
_TOKENS = (ForCausalLMLoss, ForMaskedLMLoss)


def logits_loss(trainer: Trainer) -> Callable[[Any, Any], Any] | None:
    """The loss that a Trainer computes, of logits and labels; None where it has to do it itself.

    That is where the loss is of the user's own making, and for models whose loss is more than a
    function of logits and labels.
    """
    model = plain_model(trainer.model)
    plain = trainer.compute_loss.__module__ in _PLAIN and trainer.compute_loss_func is None
    if not plain or not _is_of_logits(trainer, model):
        return None
    function = LOSS_MAPPING[model.loss_type]
    if trainer.label_smoother is not None:
        return _Smoothed(trainer.label_smoother, shifted=function is ForCausalLMLoss)
    if function in _TOKENS:
        vocabulary = model.config.get_text_config().vocab_size
        return _TokenLoss(model.loss_function, vocabulary, shifted=function is ForCausalLMLoss)
    return _ClassLoss(model.loss_function, model.config)


def plain_model(model: Any) -> Any:
    """The model without what PEFT put round it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def logits_of(outputs: Any) -> Any:
    """The logits in what a model, or the last stage of one, returns."""
    if isinstance(outputs, Mapping):
        return outputs["logits"]
    return outputs[0] if isinstance(outputs, tuple) else outputs


def _is_of_logits(trainer: Trainer, model: Any) -> bool:
    if not isinstance(model, PreTrainedModel):
        return False
    function = LOSS_MAPPING.get(model.loss_type or "")
    if function not in (*_TOKENS, ForSequenceClassificationLoss):
        return False
    if function not in _TOKENS and trainer.args.gradient_accumulation_steps > 1:
        return False  # some of these losses count their items, others do not
    adapters = getattr(trainer.model, "peft_config", {}).values()
    return (
        "loss_function" in inspect.unwrap(type(model).forward).__code__.co_names
        and not model.config.is_encoder_decoder
        and not getattr(model.config.get_text_config(), "output_router_logits", False)
        # Prompts that are learned make the labels longer.
        and not any(adapter.is_prompt_learning for adapter in adapters)
        and getattr(trainer.args, "loss_type", "nll") == "nll"
    )


@dataclass(frozen=True)
class _TokenLoss:
    """A sum over the tokens that are to be predicted, and how many these are."""

    function: Callable[..., torch.Tensor]
    vocabulary: int
    shifted: bool

    def __call__(self, outputs: Any, targets: Any) -> tuple[torch.Tensor, torch.Tensor]:
        total = self.function(
            logits=logits_of(outputs),
            vocab_size=self.vocabulary,
            num_items_in_batch=1,  # divides by it: what comes is the sum
            **targets,
        )
        return total, _count(targets, self.shifted)


@dataclass(frozen=True)
class _ClassLoss:
    """The mean over samples."""

    function: Callable[..., torch.Tensor]
    config: Any

    def __call__(self, outputs: Any, targets: Any) -> torch.Tensor:
        return self.function(
            labels=targets["labels"], pooled_logits=logits_of(outputs), config=self.config
        )


@dataclass(frozen=True)
class _Smoothed:
    """What label smoothing says is the mean, weighted by the labels."""

    smoother: Callable[..., torch.Tensor]
    shifted: bool

    def __call__(self, outputs: Any, targets: Any) -> tuple[torch.Tensor, torch.Tensor]:
        count = _count(targets, self.shifted)
        mean = self.smoother(
            {"logits": logits_of(outputs)},
            targets["labels"],
            shift_labels=self.shifted,
            num_items_in_batch=count,
        )
        return mean * count, count


def _count(targets: Mapping[str, torch.Tensor], shifted: bool) -> torch.Tensor:
    if "shift_labels" in targets:
        return targets["shift_labels"].ne(_IGNORED).sum()
    labels = targets["labels"]
    return (labels[..., 1:] if shifted else labels).ne(_IGNORED).sum()

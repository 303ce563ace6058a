"""The loss as a Trainer computes it, with the labels inside: for where logits are not enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from transformers import Trainer

from ...errors import SaturnError
from ...scalar_log import log_foreign
from ..components.side_effects import without_side_effects
from .accumulation import Accumulation

Divisor = Literal["samples", "items", "nothing"]
"""What a Trainer's accumulated losses are divided by: by how many batches they are, so that each
counts the same; by the labels of all of them, as the loss itself does; or by nothing at all, where
the Trainer leaves it to a loss that does not."""

_CLOSE = 1e-3


@dataclass(frozen=True)
class WholeLoss:
    """A Trainer's way from a batch with its labels to ``(loss, outputs)``; a `Task.forward`.

    Attributes
    ----------
    accumulation
        Says how many losses add up where nothing divides them.
    """

    trainer: Trainer
    divisor: Divisor
    accumulation: Accumulation

    def __call__(self, model: torch.nn.Module, inputs: Mapping[str, Any]) -> Any:
        items = items_in(self.trainer, inputs) if self.divisor != "samples" else None
        with _logging(self.trainer):
            loss, outputs = self.trainer.compute_loss(
                model, dict(inputs), return_outputs=True, num_items_in_batch=items
            )
        if self.divisor == "items" and items is not None:
            return (loss * items, items), outputs
        adds_up = self.divisor == "nothing" and model.training
        return loss * self.accumulation.count if adds_up else loss, outputs


@contextmanager
def _logging(trainer: Trainer) -> Iterator[None]:
    """Within it, what a Trainer logs is logged beside the loss of the step."""

    def log(logs: Mapping[str, Any], *_: Any, **__: Any) -> None:
        for name, value in logs.items():
            log_foreign(name, value)

    vars(trainer)["log"] = log
    try:
        yield
    finally:
        vars(trainer).pop("log", None)


def said_loss(outputs: Any, targets: Any) -> Any:
    """The `Task.loss` of a `WholeLoss`."""
    return outputs[0]


def items_in(trainer: Trainer, inputs: Mapping[str, Any]) -> torch.Tensor | None:
    """What a Trainer counts in a batch to divide its loss by; None where it counts nothing."""
    labels = inputs.get("labels")
    if not isinstance(labels, torch.Tensor):
        return None
    _, items = trainer.get_batch_samples(iter([inputs]), 1, labels.device)
    return items  # type: ignore[return-value]


def divisor_of(trainer: Trainer, batch: Mapping[str, Any]) -> Divisor:
    """What a Trainer's losses are divided by, found by computing that of a small batch."""
    items = items_in(trainer, batch)
    if items is None:
        return "samples"
    model: Any = trainer.model
    losses = []
    with without_side_effects(model), torch.no_grad():
        model.eval()
        for count in (items, 2 * items):
            loss: Any = trainer.compute_loss(model, dict(batch), num_items_in_batch=count)
            losses.append(float(loss))
    once, twice = losses
    if abs(once - 2 * twice) <= _CLOSE * abs(once):
        return "items"
    if abs(once - twice) <= _CLOSE * abs(once):
        return "nothing"
    raise SaturnError(
        "unsupported",
        f"The compute_loss of {type(trainer).__name__} divides a part of the loss by "
        "num_items_in_batch, so batches cannot be cut.",
        "Divide all of it, or leave num_items_in_batch out.",
    )

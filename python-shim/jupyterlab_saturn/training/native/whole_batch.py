"""Whether the loss of a Trainer's batch is that of its parts: devices that share it have those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..components.seeding import seed_all, undisturbed
from ..components.side_effects import without_side_effects

_CLOSE = 1e-4


def why_whole(trainer: Any, loader: Any) -> str | None:
    """Why devices cannot share a batch of a Trainer; None when they can, or nobody can tell.

    Nobody can where the loss is not one of a batch as the loader gives it, as with reinforcement
    learning, or draws random numbers.
    """
    with undisturbed(), without_side_effects(trainer.model), torch.no_grad():
        trainer.model.eval()
        try:
            same = _is_of_parts(trainer, dict(next(iter(loader))))
        except Exception:  # whatever the loss of somebody's Trainer raises
            return None
    if same:
        return None
    return (
        "its loss compares the samples of a batch with each other, or counts them unevenly: the "
        "parts of a batch come to another loss"
    )


def _is_of_parts(trainer: Any, batch: Mapping[str, Any]) -> bool:
    count = max(len(value) for value in batch.values() if isinstance(value, torch.Tensor))
    first = count // 2
    if first == 0:
        return True
    parts = [_part(batch, 0, first, count), _part(batch, first, count, count)]
    whole = _loss(trainer, batch)
    if not _close(whole, _loss(trainer, batch, seed=1)):
        return True  # it draws
    shares = (first / count, 1 - first / count)
    means = [_loss(trainer, part) for part in parts]
    if _close(whole, sum(share * mean for share, mean in zip(shares, means, strict=True))):
        return True
    labels = batch.get("labels")
    if not isinstance(labels, torch.Tensor):
        return False
    _, items = trainer.get_batch_samples(iter([dict(batch)]), 1, labels.device)
    if items is None:
        return False
    sums = [_loss(trainer, part, items=items) for part in parts]
    return _close(_loss(trainer, batch, items=items), sum(sums))


def _part(batch: Mapping[str, Any], start: int, stop: int, count: int) -> dict[str, Any]:
    return {
        name: value[start:stop]
        if isinstance(value, torch.Tensor) and value.dim() > 0 and len(value) == count
        else value
        for name, value in batch.items()
    }


def _loss(trainer: Any, batch: Mapping[str, Any], *, items: Any = None, seed: int = 0) -> float:
    seed_all(seed)
    return float(trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=items))


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _CLOSE * max(abs(one), 1e-3)

"""What a factory returns: one model to train, said without saying on what devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch.optim.lr_scheduler import LRScheduler
    from torch.utils.data import Dataset

    Loss = Callable[[Any, Any], torch.Tensor]
    Optimizer = Callable[[Iterable[torch.nn.Parameter]], torch.optim.Optimizer]
    Schedule = Callable[[torch.optim.Optimizer, int], LRScheduler]
    Metric = Callable[[Any, Any], "torch.Tensor | float"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One model to train with fixed hyper-parameters.

    Nothing here depends on how many devices the task gets: `batch_size` is the global batch,
    and sample order, optimizer steps and schedule are functions of the task and the step alone.

    Parameters
    ----------
    model
        Any ``torch.nn.Module``; called as ``model(inputs)``.
    data
        Map-style dataset (``len`` and ``[]``) of ``(inputs, targets)`` pairs to train on.
    loss
        ``loss(outputs, targets)``: mean over the samples given.
    optimizer
        Makes the optimizer from the parameters, e.g. ``partial(torch.optim.AdamW, lr=1e-3)``.
    batch_size
        Samples of one optimizer step, over all devices together.
    epochs
        Passes over `data`; a part of an epoch is allowed. An incomplete last batch is dropped.
    steps
        Optimizer steps; overrides `epochs`.
    schedule
        ``schedule(optimizer, total_steps)`` makes a learning-rate scheduler, stepped once a step.
    eval_data
        Held-out dataset for `metrics`.
    metrics
        Name to ``metric(outputs, targets)``: mean over the samples given.
    collate
        Makes a batch of a list of samples; PyTorch's default when absent.
    blocks
        Dotted name of the list of repeated layers (``"encoder.layers"``), the unit that sharding
        techniques work on. Found by itself when absent.
    """

    model: torch.nn.Module
    data: Dataset[Any]
    loss: Loss
    optimizer: Optimizer
    batch_size: int
    epochs: float = 1.0
    steps: int | None = None
    schedule: Schedule | None = None
    eval_data: Dataset[Any] | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    collate: Callable[[list[Any]], Any] | None = None
    blocks: str | None = None

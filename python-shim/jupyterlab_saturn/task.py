"""What a factory returns: one model to train, said without saying on what devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch.optim.lr_scheduler import LRScheduler
    from torch.utils.data import Dataset

    Loss = Callable[[Any, Any], "torch.Tensor | tuple[torch.Tensor, torch.Tensor | float]"]
    Forward = Callable[[torch.nn.Module, Any], Any]
    Optimizer = Callable[[Iterable[Any]], torch.optim.Optimizer]
    ParameterGroups = Callable[[list[tuple[str, torch.nn.Parameter]]], list[dict[str, Any]]]
    StopEarly = Callable[[Sequence[Mapping[str, float]]], bool]
    Export = Callable[[dict[str, torch.Tensor], Path], object]
    Schedule = Callable[[torch.optim.Optimizer, int], LRScheduler]
    Metric = Callable[[Any, Any], "torch.Tensor | float"]
    Metrics = Callable[[Any, Any], Mapping[str, "torch.Tensor | float"]]


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
        Map-style dataset (``len`` and ``[]``) of ``(inputs, targets)`` pairs to train on; or a
        ``DataLoader`` of one, of which all is taken but the order.
    loss
        ``loss(outputs, targets)``: mean over the samples given; or a pair ``(sum, count)`` where
        samples count unequally, such as a sum over tokens and how many tokens there were.
    optimizer
        Makes the optimizer from the parameters, e.g. ``partial(torch.optim.AdamW, lr=1e-3)``.
    parameter_groups
        Makes of ``(name, parameter)`` pairs the groups that `optimizer` gets, e.g. some without
        weight decay. A group may be empty: a device may hold a part of the model only.
    forward
        ``forward(model, inputs)`` instead of ``model(inputs)``. Techniques that split a model
        know what it does only where it is `by_keyword`.
    batch_size
        Samples of one optimizer step, over all devices together; may be left out beside a
        ``DataLoader``, which then says it.
    micro_batches
        Into how many equal parts a batch is cut, of which a device works on one at a time, to
        save memory (gradient accumulation). Each device does its share of them.
    clip_norm
        Largest norm of the gradient over all parameters; a longer one is scaled down to it.
    precision
        ``"bfloat16"`` or ``"float16"``: forward and loss run under ``torch.autocast``; parameters
        stay as they are. With float16, for GPUs that lack the other, losses are scaled so that
        gradients do not vanish, and a step whose gradients overflow is left out.
    exact_random
        Draw random numbers, such as masks of dropout, by micro-batch and block, so that they are
        the same on any number of devices that divides `micro_batches`. Costs a little speed.
    epochs
        Passes over `data`; a part of an epoch is allowed. An incomplete last batch is dropped.
    steps
        Optimizer steps; overrides `epochs`.
    schedule
        ``schedule(optimizer, total_steps)`` makes a learning-rate scheduler, stepped once a step.
    eval_data
        Held-out dataset for `metrics`.
    metrics
        Name to ``metric(outputs, targets)``: mean over the samples given; or one function that
        returns several by name.
    validate_every
        Steps between evaluations of `metrics` while training; only at the end when absent.
    stop_early
        Given the evaluations so far, each the metrics and their ``step``: whether to stop here.
    collate
        Makes a batch of a list of samples; PyTorch's default when absent.
    blocks
        Dotted name of the list of repeated layers (``"encoder.layers"``), the unit that sharding
        techniques work on. Found by itself when absent.
    workers
        Processes of each rank that load batches ahead; 0 loads between the steps.
    export
        ``export(weights, folder)`` writes the trained model; a state dict in ``model.pt`` when
        absent. Called of a task made anew, whose `model` is whole and untrained.
    remarks
        Sentences to tell with the task, such as what could not be taken over from elsewhere.
    """

    model: torch.nn.Module
    data: Dataset[Any]
    loss: Loss
    optimizer: Optimizer
    batch_size: int = 0
    epochs: float = 1.0
    steps: int | None = None
    schedule: Schedule | None = None
    eval_data: Dataset[Any] | None = None
    metrics: Mapping[str, Metric] | Metrics = field(default_factory=dict)
    collate: Callable[[list[Any]], Any] | None = None
    blocks: str | None = None
    parameter_groups: ParameterGroups | None = None
    forward: Forward | None = None
    micro_batches: int = 1
    clip_norm: float | None = None
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    exact_random: bool = False
    validate_every: int | None = None
    stop_early: StopEarly | None = None
    workers: int = 0
    export: Export | None = None
    remarks: Sequence[str] = ()


def by_keyword(model: torch.nn.Module, inputs: Mapping[str, Any]) -> Any:
    """A `Task.forward` for inputs that are a dict of the model's arguments."""
    return model(**inputs)

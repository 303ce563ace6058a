"""A Task as people write it, made one that trains on any devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader, default_collate

from ...task import Task, default_optimizer, loss_of_model
from ..components.compiled import compiled_in_place
from ..components.told_dataset import ToldDataset
from .data_loader import unpack_loaders
from .optimizer_instance import like, made_anew, named_groups

if TYPE_CHECKING:
    from .data_loader import Collate

# Schedules that scripts step once an epoch as often as once a step.
_BY_EPOCH = ("StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR")


def completed(task: Task) -> Task:
    """A task with datasets for loaders and functions for what exists already.

    Raises
    ------
    SaturnError
        As `unpack_loaders`, `made_anew` and `rebound`.
    """
    remarks = list(_remarks(task))
    if remarks:
        task = replace(task, remarks=(*task.remarks, *remarks))
    if task.optimizer is default_optimizer:
        task = replace(task, optimizer=torch.optim.AdamW)
    if task.parameter_groups is None:  # those of an adapter are by name
        task = replace(task, model=compiled_in_place(task.model))
    task = unpack_loaders(task)
    task = replace(task, data=ToldDataset.of(task.data))
    if isinstance(task.optimizer, torch.optim.Optimizer):
        given = task.optimizer
        optimizer, groups = made_anew(given, task.model)
        schedule = like(task.schedule, given)
        task = replace(task, optimizer=optimizer, parameter_groups=groups, schedule=schedule)
    elif callable(task.parameter_groups) and isinstance(task.model, torch.nn.Module):
        task = replace(task, parameter_groups=named_groups(task.parameter_groups, task.model))
    if task.loss is loss_of_model and task.forward is None:
        collate = _Whole(task.collate or default_collate)
        held_out = None if task.eval_collate is None else _Whole(task.eval_collate)
        task = replace(task, collate=collate, eval_collate=held_out, forward=_whole)
    return task


@dataclass(frozen=True)
class _Whole:
    """Batches as pairs of all of it and all of it: for the model, and for metrics."""

    collate: Collate

    def __call__(self, samples: list[Any]) -> tuple[Any, Any]:
        batch = self.collate(samples)
        return batch, batch


def _whole(model: torch.nn.Module, batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return model(**batch)
    return model(*batch) if isinstance(batch, list | tuple) else model(batch)


def _remarks(task: Task) -> Iterator[str]:
    if task.optimizer is default_optimizer:
        yield (
            "The Task names no optimizer, so it is AdamW with a learning rate of 0.001; another is "
            "optimizer=partial(torch.optim.SGD, lr=0.1)."
        )
    kind = _kind(task.schedule) if isinstance(task.data, DataLoader) else None
    if kind is not None and task.schedule_every == "step":
        yield (
            f"The {kind} is stepped once a step. If your loop steps it once an epoch, say "
            'schedule_every="epoch".'
        )


def _kind(schedule: Callable[..., Any] | None) -> str | None:
    """Which schedule of PyTorch's it is, or makes, where that can be seen."""
    made = getattr(schedule, "func", schedule)
    code = getattr(made, "__code__", None)
    names = {type(made).__name__, getattr(made, "__name__", ""), *(code.co_names if code else ())}
    return next((name for name in _BY_EPOCH if name in names), None)

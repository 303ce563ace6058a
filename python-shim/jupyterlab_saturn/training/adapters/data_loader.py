"""What a DataLoader says of data: everything but the order and the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    default_collate,
)

from ...errors import SaturnError
from ...task import Task

Collate = Callable[[list[Any]], Any]


@dataclass(frozen=True)
class Unpacked:
    """The parts of a DataLoader.

    Attributes
    ----------
    collate
        None for PyTorch's default.
    remarks
        What of the loader is left out, in sentences.
    """

    data: Dataset[Any]
    batch_size: int
    collate: Collate | None
    workers: int
    remarks: tuple[str, ...]


def unpack_loaders(task: Task) -> Task:
    """A task whose data are no DataLoaders. What the task says goes before what a loader says.

    Raises
    ------
    SaturnError
        As `unpack`; ``unsupported`` when loaders for training and evaluation collate differently.
    """
    if isinstance(task.data, DataLoader):
        train = unpack(task.data, "data", task.batch_size)
        task = replace(
            task,
            data=train.data,
            batch_size=train.batch_size,
            collate=task.collate or train.collate,
            workers=task.workers or train.workers,
            remarks=(*task.remarks, *train.remarks),
        )
    if isinstance(task.eval_data, DataLoader):
        held_out = unpack_eval(task.eval_data)
        if held_out.collate not in (None, task.collate):
            raise SaturnError(
                "unsupported",
                "The eval_data is a DataLoader with a collate_fn of its own.",
                "Use one collate_fn for both loaders, or give the Task a collate.",
            )
        task = replace(task, eval_data=held_out.data)
    return task


def unpack(loader: DataLoader[Any], role: str, batch_size: int = 0) -> Unpacked:
    """The parts of a DataLoader to train from.

    Parameters
    ----------
    role
        What messages call it.
    batch_size
        Samples of a step; the loader's when 0.

    Raises
    ------
    SaturnError
        ``unsupported`` when the loader iterates instead of indexing, or makes its batches in a
        way of its own.
    """
    _require_index(loader, role)
    batches = loader.batch_sampler
    # Of a subclass only the batches themselves are known, and they are what is cut anew here.
    if type(batches) is not BatchSampler:
        how = "no batches" if batches is None else f"batches by a {type(batches).__name__}"
        raise SaturnError(
            "unsupported",
            f"The {role} makes {how}, but batches are cut here, for any device count.",
            "Give the Task its dataset and a batch_size; samples are shuffled by the seed.",
        )
    size = batch_size or batches.batch_size
    return Unpacked(
        data=loader.dataset,
        batch_size=size,
        collate=_collate(loader),
        workers=loader.num_workers,
        remarks=(
            *_order(batches.sampler, loader.dataset, role),
            *_rest(batches, loader.dataset, role, size),
        ),
    )


def unpack_eval(loader: DataLoader[Any]) -> Unpacked:
    """The parts of a DataLoader to evaluate from: each sample counts once, in any order.

    Raises
    ------
    SaturnError
        ``unsupported`` when the loader iterates instead of indexing.
    """
    _require_index(loader, "eval_data")
    return Unpacked(loader.dataset, loader.batch_size or 1, _collate(loader), 0, ())


def _require_index(loader: DataLoader[Any], role: str) -> None:
    if isinstance(loader.dataset, IterableDataset):
        raise SaturnError(
            "unsupported",
            f"The {role} iterates over a {type(loader.dataset).__name__}, which has no length and "
            "no index, so a paused run could not find its place in it.",
            "Pass a map-style dataset, such as torch.utils.data.TensorDataset.",
        )


def _collate(loader: DataLoader[Any]) -> Collate | None:
    return None if loader.collate_fn is default_collate else loader.collate_fn


def _order(sampler: Any, data: Dataset[Any], role: str) -> Iterator[str]:
    if isinstance(sampler, SequentialSampler):
        yield f"The {role} is shuffled by the seed, which its DataLoader does not do."
        return
    plain = isinstance(sampler, RandomSampler) and not sampler.replacement
    if not plain or sampler.num_samples != _count(data):
        name = type(sampler).__name__
        yield f"The {name} of the {role} is left out: each sample is seen once an epoch."


def _rest(batches: BatchSampler, data: Dataset[Any], role: str, size: int) -> Iterator[str]:
    rest = _count(data) % size
    if rest and not batches.drop_last:
        yield (
            f"Each epoch leaves out {rest} samples of the {role}, others each time: they do not "
            f"fill a batch of {size}."
        )


def _count(data: Dataset[Any] | Sampler[Any]) -> int:
    return len(data)  # type: ignore[arg-type]

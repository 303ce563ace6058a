"""What a DataLoader says of data: the samples, their order, and how batches are made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    default_collate,
)

from ...errors import SaturnError
from ...task import Task
from .overrides import comes_from, own_methods
from .sample_order import SampleOrder

if TYPE_CHECKING:
    from ...task import Order

Collate = Callable[[list[Any]], Any]

_KNOWN = ("torch.utils.data", "transformers", "lightning", "pytorch_lightning")


@dataclass(frozen=True)
class Unpacked:
    """The parts of a DataLoader.

    Attributes
    ----------
    collate
        None for PyTorch's default.
    order
        None where samples are but shuffled, which the seed of the task does.
    drop_last
        Whether an epoch leaves out what fills no batch; only where there is no order.
    """

    data: Dataset[Any]
    batch_size: int
    collate: Collate | None
    workers: int = 0
    order: Order | None = None
    drop_last: bool = False


def unpack_loaders(task: Task) -> Task:
    """A task whose data are no DataLoaders. What the task says goes before what a loader says.

    Raises
    ------
    SaturnError
        As `unpack`; ``unsupported`` when loaders for evaluation differ in how they make batches.
    """
    said_collate = task.collate
    if isinstance(task.data, DataLoader):
        batches = task.micro_batches if task.equal_parts else 1  # of the loader, in a step
        train = unpack(task.data, "data", task.batch_size // batches)
        task = replace(
            task,
            data=train.data,
            batch_size=train.batch_size * batches,
            collate=task.collate or train.collate,
            workers=task.workers or train.workers,
            order=task.order or train.order,
            drop_last=train.drop_last,
        )
    held_out = task.eval_data
    several: dict[str, Any] = dict(held_out) if isinstance(held_out, Mapping) else {"": held_out}
    loaders = [each for each in several.values() if isinstance(each, DataLoader)]
    if not loaders:
        return task
    unpacked = [unpack_eval(each) for each in loaders]
    first = unpacked[0]
    if any((u.collate, u.batch_size) != (first.collate, first.batch_size) for u in unpacked):
        raise SaturnError(
            "unsupported",
            "The DataLoaders of the eval_data differ in their collate_fn or batch_size.",
            "Use the same for all, or give the Task an eval_collate and their datasets.",
        )
    datasets = {
        name: unpacked.pop(0).data if isinstance(each, DataLoader) else each
        for name, each in several.items()
    }
    return replace(
        task,
        eval_data=datasets if isinstance(held_out, Mapping) else datasets[""],
        eval_collate=task.eval_collate
        or first.collate
        or (None if task.collate is said_collate else default_collate),
        eval_batch_size=task.eval_batch_size or first.batch_size,
    )


def unpack(
    loader: DataLoader[Any],
    role: str,
    batch_size: int = 0,
    *,
    merged: int = 1,
    limit: int | None = None,
) -> Unpacked:
    """The parts of a DataLoader to train from.

    Parameters
    ----------
    role
        What messages call it.
    batch_size
        Samples of a step; the loader's when 0.
    merged
        How many of the loader's batches make one; `batch_size` is then left out.
    limit
        How many batches are asked for in an epoch; when None, until there are no more, which has
        some samplers draw once more.

    Raises
    ------
    SaturnError
        ``unsupported`` when the loader iterates instead of indexing, or loads in a way of its own.
    """
    loader = _known(loader, role)
    batches = loader.batch_sampler
    if batches is None:
        raise _unsupported(
            f"The {role} makes no batches, but they are cut here, for any device count.",
            "Give the DataLoader a batch_size.",
        )
    rest = Unpacked(loader.dataset, batch_size, _collate(loader), loader.num_workers)
    if type(batches) is BatchSampler:
        size = batch_size or batches.batch_size * merged
        shuffled = merged == 1 and _only_shuffles(batches.sampler, loader.dataset)
        if shuffled and limit in (None, len(batches)):
            return replace(rest, batch_size=size, drop_last=batches.drop_last)
        if size != batches.batch_size * merged:
            batches = BatchSampler(batches.sampler, size, batches.drop_last)
        return replace(rest, batch_size=size, order=SampleOrder(loader, batches, merged, limit))
    order = SampleOrder(loader, batches, merged, limit)
    largest = max((len(batch) for batch in order(0)), default=0)
    if batch_size not in (0, largest):
        raise _unsupported(
            f"The {role} makes batches of {largest} by a {type(batches).__name__}, but the task "
            f"wants {batch_size}.",
            "Leave batch_size out: the loader says it.",
        )
    return replace(rest, batch_size=largest, order=order)


def unpack_eval(loader: DataLoader[Any]) -> Unpacked:
    """The parts of a DataLoader to evaluate from: its samples in the order in which it gives them.

    Raises
    ------
    SaturnError
        As `unpack`.
    """
    loader = _known(loader, "eval_data")
    data, collate, batches = loader.dataset, _collate(loader), loader.batch_sampler
    if batches is None:
        raise _unsupported("The eval_data makes no batches.", "Give its DataLoader a batch_size.")
    size = getattr(batches, "batch_size", None)
    drops = bool(getattr(batches, "drop_last", False))
    sampler = getattr(batches, "sampler", None)
    if isinstance(sampler, SequentialSampler) and type(batches) is BatchSampler and not drops:
        return Unpacked(data, batches.batch_size, collate)
    drawn = SampleOrder(loader, batches)(0)
    indices = [index for batch in drawn for index in batch]
    whole = indices == list(range(len(data)))  # type: ignore[arg-type]
    return Unpacked(
        data if whole else Subset(data, indices),
        size if isinstance(size, int) else max((len(batch) for batch in drawn), default=1),
        collate,
    )


def _known(loader: DataLoader[Any], role: str) -> DataLoader[Any]:
    """The loader itself, without what accelerate put round it."""
    loader = getattr(loader, "base_dataloader", loader)
    if isinstance(loader.dataset, IterableDataset):
        raise _unsupported(
            f"The {role} iterates over a {type(loader.dataset).__name__}, which has no length and "
            "no index, so a paused run could not find its place in it.",
            "Pass a map-style dataset, such as torch.utils.data.TensorDataset, or write the loop "
            "yourself and add it with %%saturn task --native.",
        )
    if not hasattr(loader.dataset, "__len__"):
        raise _unsupported(
            f"The {role} has a {type(loader.dataset).__name__}, which has no length: how many "
            "samples an epoch has is not known.",
            "Give it a __len__, or write the loop yourself and add it with %%saturn task --native.",
        )
    own = own_methods(loader, DataLoader, _KNOWN)
    if own:
        raise _unsupported(
            f"The {role} is a {type(loader).__name__}, which loads in a way of its own: "
            f"{', '.join(own)}.",
            "Move it into the dataset or the collate_fn, or write the loop yourself and add it "
            "with %%saturn task --native.",
        )
    if isinstance(loader.sampler, DistributedSampler):
        raise _unsupported(
            f"The {role} has a DistributedSampler, which deals samples out to devices, but that "
            "is done here.",
            "Leave it out and say shuffle=True.",
        )
    prepare = loader.worker_init_fn
    if prepare is not None and loader.num_workers > 0 and not _is_known(prepare):
        raise _unsupported(
            f"The {role} has a worker_init_fn, but which samples a worker loads depends on the "
            "number of devices.",
            "Leave it out: random numbers are seeded for each sample. What it opens can be opened "
            "by the dataset when it is first used.",
        )
    return loader


def _is_known(prepare: Any) -> bool:
    return comes_from(getattr(prepare, "func", prepare), _KNOWN)


def _only_shuffles(sampler: Any, data: Dataset[Any]) -> bool:
    """Whether each sample comes once an epoch, in an order that nobody has chosen."""
    return (
        type(sampler) is RandomSampler
        and not sampler.replacement
        and sampler.generator is None
        and sampler.num_samples == len(data)  # type: ignore[arg-type]
    )


def _collate(loader: DataLoader[Any]) -> Collate | None:
    return None if loader.collate_fn is default_collate else loader.collate_fn


def _unsupported(what: str, hint: str) -> SaturnError:
    return SaturnError("unsupported", what, hint)

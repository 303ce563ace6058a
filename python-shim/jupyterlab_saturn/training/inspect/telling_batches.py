"""Which batches tell most of a task: the last one, and those whose samples stand out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch.utils._pytree import tree_leaves

from ...task import Task
from ..task.epoch_order import EpochOrder, few_batches
from ..task.samples import Samples

_SECONDS = 1.0
_MOST_SAMPLES = 20_000
_MOST_BATCHES = 3
_MOST_PLACES = 3


class TellingBatch(NamedTuple):
    """Samples of a batch, and the places of some that stand out, if it was chosen for them."""

    indices: Sequence[int]
    places: Sequence[int] = ()


def telling_batches(task: Task, samples: Samples, most: int) -> list[TellingBatch]:
    """Some batches of the first epoch, each up to so many samples.

    Among them are the last one, and samples that stand out: a loss that divides by how many
    tokens are no padding does so in vain where none is padded, which a rare sample may be.

    Raises
    ------
    SaturnError
        ``data-failed`` when one of the samples cannot be loaded.
    """
    unlike = list(dict.fromkeys(_standing_out(samples)))
    found = [TellingBatch(batch) for batch in few_batches(task, samples.count, most)]
    if not unlike:
        return found
    if task.order is None:  # any sample may come together with any other
        mixed = [*unlike[: most // 2], *range(0, samples.count, max(1, samples.count // most))]
        some: list[Sequence[int]] = [
            sorted(dict.fromkeys(mixed[: min(most, max(2, task.batch_size))]))
        ]
    else:
        some = list(_with_some(task, samples.count, unlike, most))
    return [*found, *(TellingBatch(batch, _places(batch, unlike)) for batch in some)]


def _places(batch: Sequence[int], unlike: Sequence[int]) -> list[int]:
    wanted = set(unlike)
    return [place for place, index in enumerate(batch) if index in wanted][:_MOST_PLACES]


def _standing_out(samples: Samples) -> Iterator[int]:
    """The samples of which something is smallest or largest, of those seen in a second."""
    generator = torch.Generator().manual_seed(0)
    end = time.monotonic() + _SECONDS
    least: dict[tuple[Any, str], tuple[float, int]] = {}
    largest: dict[tuple[Any, str], tuple[float, int]] = {}
    for index in torch.randperm(samples.count, generator=generator)[:_MOST_SAMPLES].tolist():
        for key, value in _traits(samples.sample(index)):
            if value < least.get(key, (value + 1, 0))[0]:
                least[key] = value, index
            if value > largest.get(key, (value - 1, 0))[0]:
                largest[key] = value, index
        if time.monotonic() > end:
            break
    for key in sorted(least, key=lambda key: _BY_WEIGHT.index(key[1])):
        value, index = least[key]
        if value != largest[key][0]:
            yield index
            yield largest[key][1]


def _traits(sample: Any) -> Iterator[tuple[tuple[Any, str], float]]:
    """Numbers of a sample by which it may stand out: sizes, and how much is zero or below."""
    for place, leaf in enumerate(tree_leaves(sample)):
        if isinstance(leaf, torch.Tensor):
            yield (place, "size"), leaf.numel()
            if not leaf.is_complex():
                yield (place, "zeros"), float((leaf == 0).sum())
            if not (leaf.is_complex() or leaf.is_floating_point()):
                yield (place, "negative"), float((leaf < 0).sum())
                yield (place, "sum"), float(leaf.sum())
        elif isinstance(leaf, str | bytes):
            yield (place, "size"), len(leaf)
        elif isinstance(leaf, int | float) and place < _FIRST_NUMBERS:
            yield (place, "value"), float(leaf)
    yield (None, "leaves"), len(tree_leaves(sample))


_BY_WEIGHT = ("leaves", "size", "negative", "zeros", "sum", "value")
_FIRST_NUMBERS = 4  # lists of numbers differ in each place


def _with_some(task: Task, count: int, wanted: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """Some batches of the first epoch that have the first of some samples."""
    order = EpochOrder(task, count, seed=0)
    left = set(wanted)
    batches: dict[int, Sequence[int]] = {}
    for step in range(min(order.steps_per_epoch, _MOST_SAMPLES)):
        for batch in order.batches(step)[1]:
            found = left.intersection(batch)
            batches.update((index, batch) for index in found)
            left -= found
    chosen: list[Sequence[int]] = []
    for index in wanted:
        batch = batches.get(index, ())
        if len(batch) > 0 and batch not in chosen and len(chosen) < _MOST_BATCHES:
            chosen.append(batch)
            yield _shortened(batch, set(wanted), most)


def _shortened(batch: Sequence[int], wanted: set[int], most: int) -> list[int]:
    places = sorted(range(len(batch)), key=lambda place: batch[place] not in wanted)[:most]
    return [batch[place] for place in sorted(places)]

"""Which samples a step trains on: a function of the seed and the step, whatever the devices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset, Subset, TensorDataset, default_collate

from ...errors import SaturnError
from ..components.seeding import derive, global_state, seed_all
from ..runtime.failure import describe, is_out_of_memory

Collate = Callable[[list[Any]], Any]


class Samples:
    """A map-style dataset as batches of chosen samples.

    A dataset that draws random numbers (augmentation) gets them seeded for each sample, so that
    a sample looks the same on whatever rank it is loaded.
    """

    def __init__(self, dataset: Dataset[Any], collate: Collate | None, seed: int) -> None:
        self._dataset = dataset
        self._collate = collate or default_collate
        self._seed = seed
        self._tensors = None if collate is not None else _Tensors.of(dataset)
        self._random = self._tensors is None and _draws_random(dataset)
        self.count = len(dataset)  # type: ignore[arg-type]

    def batch(self, indices: Sequence[int], epoch: int = 0) -> Any:
        """The collated batch of some samples, as they look in an epoch."""
        if self._tensors is not None:
            return self._tensors.batch(indices)
        many = getattr(self._dataset, "__getitems__", None)
        if callable(many) and not self._random:
            return self._collate(many(list(indices)))
        return self._collate([self._sample(index, epoch) for index in indices])

    def batches(self, indices: Sequence[int], size: int, epoch: int = 0) -> list[Any]:
        """Some samples as batches of so many, the last of what is left; see `batch`."""
        if self._tensors is not None:
            whole = self._tensors.batch(indices)
            pieces = (torch.split(tensor, size) for tensor in whole)
            return [list(parts) for parts in zip(*pieces, strict=True)]
        starts = range(0, len(indices), size)
        return [self.batch(indices[start : start + size], epoch) for start in starts]

    def _sample(self, index: int, epoch: int) -> Any:
        if self._random:
            seed_all(derive(self._seed, "sample", epoch, index))
        try:
            return self._dataset[index]
        except Exception as error:
            if is_out_of_memory(error):
                raise
            failure = describe(error, "data-failed")
            told = SaturnError(
                "data-failed",
                f"Sample {index} of the data cannot be loaded: {failure['message']}",
                f"Look at data[{index}]; the seed and the step decide when its turn comes.",
            )
            told.traceback = failure.get("traceback")
            raise told from error


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Samples that go through the model together.

    Attributes
    ----------
    batch
        What collating them gave.
    samples
        How many they are.
    seed
        For what is drawn while the model works on them.
    """

    batch: Any
    samples: int
    seed: int


class TrainBatches:
    """The batches of a training run, by step.

    The samples of epoch e are permuted by (seed, e); step k of the epoch takes the k-th
    `batch_size` of them, rank r the r-th equal part of those. An incomplete last batch is left
    out. So a run continues from its step number alone, on any number of ranks.

    Parameters
    ----------
    micro_batches
        Into how many parts the batch of all ranks is cut. Each rank has its share of them; when
        they do not divide by the ranks, its part is cut into so many of equal size as it takes
        for none to be larger.

    Raises
    ------
    SaturnError
        ``uneven-batch`` when the batch does not divide by the ranks.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
        micro_batches: int = 1,
    ) -> None:
        if batch_size % ranks != 0:
            raise SaturnError(
                "uneven-batch",
                f"A batch of {batch_size} samples does not divide evenly over {ranks} devices.",
                "Choose a batch size that does, or fewer devices.",
            )
        self._pieces = math.ceil(micro_batches / ranks)
        self._samples = samples
        self._batch_size = batch_size
        self._seed = seed
        self._rank = rank
        self._part = batch_size // ranks
        self.steps_per_epoch = samples.count // batch_size
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def indices(self, step: int) -> list[int]:
        """The samples that this rank trains on in a step, counted from 0."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(derive(self._seed, "epoch", epoch))
            self._order = torch.randperm(self._samples.count, generator=generator)
            self._epoch = epoch
        first = place * self._batch_size + self._rank * self._part
        return self._order[first : first + self._part].tolist()

    def micro_batches(self, step: int) -> list[MicroBatch]:
        """This rank's part of the batch of a step, counted from 0, to be worked on in order."""
        indices = self.indices(step)
        size = math.ceil(len(indices) / self._pieces)
        batches = self._samples.batches(indices, size, self._epoch)
        return [
            MicroBatch(
                batch,
                min(size, len(indices) - piece * size),
                # By its place in the whole batch, whatever rank has it.
                derive(self._seed, "step", step, self._rank * self._pieces + piece),
            )
            for piece, batch in enumerate(batches)
        ]


def evaluation_parts(count: int, size: int, rank: int, ranks: int) -> Iterator[tuple[range, int]]:
    """Cut held-out samples into forwards of at most `size`, dealt out to the ranks.

    Every rank gets the same number of forwards, since sharded models need all ranks at each.
    Yields the samples of a forward and how many of them count: 0 for one that only fills up.
    Each sample counts exactly once over all ranks.
    """
    forwards = math.ceil(math.ceil(count / size) / ranks)
    for turn in range(forwards):
        first = (turn * ranks + rank) * size
        if first < count:
            part = range(first, min(first + size, count))
            yield part, len(part)
        else:
            yield range(min(size, count)), 0


class _Tensors:
    """The fast way through a `TensorDataset`, also through subsets of one."""

    def __init__(self, tensors: Sequence[torch.Tensor], order: torch.Tensor | None) -> None:
        self._tensors = tensors
        self._order = order

    @classmethod
    def of(cls, dataset: Dataset[Any]) -> _Tensors | None:
        order: torch.Tensor | None = None
        while type(dataset) is Subset:
            indices = torch.as_tensor(dataset.indices, dtype=torch.int64)
            order = indices if order is None else indices[order]
            dataset = dataset.dataset
        return cls(dataset.tensors, order) if type(dataset) is TensorDataset else None

    def batch(self, indices: Sequence[int]) -> list[torch.Tensor]:
        chosen = torch.as_tensor(indices, dtype=torch.int64)
        if self._order is not None:
            chosen = self._order[chosen]
        return [tensor[chosen] for tensor in self._tensors]


def _draws_random(dataset: Dataset[Any]) -> bool:
    before = global_state()
    dataset[0]
    return global_state() != before

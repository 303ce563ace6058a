"""A dataset as batches of chosen samples, each looking the same wherever it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import torch
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset, default_collate

from ...errors import SaturnError
from ..components.nested_tensors import narrow_batch
from ..components.seeding import derive, global_state, seed_all
from ..components.told_dataset import ToldDataset
from ..runtime.failure import describe, is_out_of_memory

Collate = Callable[[list[Any]], Any]

_PROBED = 8


class Samples:
    """A map-style dataset as batches of chosen samples.

    What draws random numbers (augmentation, masking, mixing) gets them seeded: the dataset for
    each sample, the collate for each batch. A batch that a collate draws for is made as a whole
    before it is cut into parts, so its parts are the same however it is cut.

    Attributes
    ----------
    count
        Samples there are.
    """

    def __init__(self, dataset: Dataset[Any], collate: Collate | None, seed: int) -> None:
        self._dataset = dataset
        self._collate = collate or default_collate
        self._own_collate = collate is not None
        self._seed = seed
        self._tensors = None if collate is not None else _Tensors.of(dataset)
        self._seeded = not _is_plain(dataset)
        self._drawing: bool | None = None if self._own_collate else False
        self.count = len(dataset)  # type: ignore[arg-type]

    def batch(self, indices: Sequence[int], epoch: int = 0) -> Any:
        """The collated batch of some samples, as they look in an epoch."""
        if self._tensors is not None:
            return self._tensors.batch(indices)
        samples = self._samples(indices, epoch)
        if self._own_collate:
            first = indices[0] if indices else 0
            seed_all(derive(self._seed, "collate", epoch, first, len(indices)))
        return self._collate(samples)

    def sample(self, index: int) -> Any:
        """One as the dataset gives it in the first epoch. Raises SaturnError ``data-failed``."""
        return self._samples([index], 0)[0]

    @property
    def row_bytes(self) -> int | None:
        """Bytes of one, where all are rows of tensors, which are quickly had; None elsewhere."""
        return None if self._tensors is None else self._tensors.row_bytes

    def parts(self, indices: Sequence[int], ranges: Sequence[range], epoch: int = 0) -> list[Any]:
        """Some parts of the batch of samples, each a range of places in `indices`."""
        if self._tensors is not None:
            return self.rows([indices], [ranges])[0]
        if len(ranges) == 1 and len(ranges[0]) == len(indices):
            return [self.batch(indices, epoch)]
        if self._draws_by_batch(indices):
            whole = self.batch(indices, epoch)
            return [narrow_batch(whole, r.start, r.stop, len(indices)) for r in ranges]
        return [self.batch([indices[place] for place in r], epoch) for r in ranges]

    def rows(
        self, batches: Sequence[Sequence[int]], ranges: Sequence[Sequence[range]]
    ) -> list[list[Any]]:
        """As `parts` of several batches, all of one number of parts, where samples are rows."""
        assert self._tensors is not None
        spans = [(min(r.start for r in each), max(r.stop for r in each)) for each in ranges]
        chosen = [each[first:last] for each, (first, last) in zip(batches, spans, strict=True)]
        whole = self._tensors.batch(list(chain.from_iterable(chosen)))
        sizes = [len(each) for each in chosen]
        cut = zip(*(torch.split(tensor, sizes) for tensor in whole), strict=True)
        return [
            [
                [t if len(r) == len(t) else t[r.start - first : r.stop - first] for t in tensors]
                for r in each
            ]
            for tensors, each, (first, _) in zip(cut, ranges, spans, strict=True)
        ]

    def _draws_by_batch(self, indices: Sequence[int]) -> bool:
        """Whether the collate draws random numbers, told by the first batch."""
        if self._drawing is None:
            samples = self._samples(indices[:_PROBED], 0)
            before = global_state()
            self._collate(samples)
            self._drawing = global_state() != before
        return self._drawing

    def _samples(self, indices: Sequence[int], epoch: int) -> list[Any]:
        if isinstance(self._dataset, ToldDataset):
            self._dataset.set_epoch(epoch)
        many = getattr(self._dataset, "__getitems__", None)
        if callable(many) and not self._seeded:
            loaded: list[Any] = many(list(indices))
            return loaded
        return [self._sample(index, epoch) for index in indices]

    def _sample(self, index: int, epoch: int) -> Any:
        if self._seeded:
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

    @property
    def row_bytes(self) -> int:
        return sum(t[:1].numel() * t.element_size() for t in self._tensors)

    def batch(self, indices: Sequence[int]) -> list[torch.Tensor]:
        chosen = torch.as_tensor(indices, dtype=torch.int64)
        if self._order is not None:
            chosen = self._order[chosen]
        return [tensor[chosen] for tensor in self._tensors]


def _is_plain(dataset: Any) -> bool:
    """Whether a dataset is known to draw nothing: any other may, if only for some samples."""
    if type(dataset) is Subset:
        return _is_plain(dataset.dataset)
    if type(dataset) is ConcatDataset:
        return all(_is_plain(part) for part in dataset.datasets)
    kind = type(dataset)
    if f"{kind.__module__}.{kind.__qualname__}" == "datasets.arrow_dataset.Dataset":
        return bool(dataset.format["type"] != "custom")  # which set_transform gives it
    return kind in (TensorDataset, list, tuple)

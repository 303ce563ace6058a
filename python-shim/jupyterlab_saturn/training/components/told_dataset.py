"""A dataset that follows the epochs, as loops tell it by its ``set_epoch``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import ConcatDataset, Dataset, Subset


class ToldDataset(Dataset[Any]):
    """A dataset of which some part has a ``set_epoch``: it is to be told before it is asked.

    So the samples of a step are those of its epoch wherever and however far ahead they are loaded,
    also after a pause.
    """

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    @classmethod
    def of(cls, dataset: Any) -> Any:
        """The dataset itself where nobody in it asks for the epoch."""
        return cls(dataset) if any(_asking(dataset)) else dataset

    def set_epoch(self, epoch: int) -> None:
        """The next samples are those of this epoch, counted from 0."""
        for each in _asking(self.dataset):
            each.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]


def _asking(dataset: Any) -> Iterator[Any]:
    if callable(getattr(dataset, "set_epoch", None)):
        yield dataset
    elif isinstance(dataset, Subset):
        yield from _asking(dataset.dataset)
    elif isinstance(dataset, ConcatDataset):
        for part in dataset.datasets:
            yield from _asking(part)

"""Which samples a DataLoader gives, epoch after epoch, as a function of the epoch alone."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader

from ...errors import SaturnError
from ..components.seeding import derive, seed_all, undisturbed

_ENDLESS = 100  # times over all samples in one epoch: nobody waits for the end of that


class SampleOrder:
    """A `Task.order`: the indices that a loader's samplers draw.

    They are asked as the loader asks them, with all global generators seeded by the epoch, and
    told of it where they have a ``set_epoch``. What they keep to themselves, such as a generator
    of their own, goes on from epoch to epoch: so these are drawn in their order, and kept.

    Parameters
    ----------
    batches
        The loader's, or what takes the place of its batch sampler.
    merged
        How many batches in a row make one of this order; an epoch's last is of what is left.
    limit
        How many batches are asked for in an epoch; when None, until there are no more.
    """

    def __init__(
        self,
        loader: DataLoader[Any],
        batches: Iterable[list[int]],
        merged: int = 1,
        limit: int | None = None,
    ) -> None:
        self._seed = torch.initial_seed()
        self._count = len(loader.dataset)  # type: ignore[arg-type]
        self._merged = merged
        self._limit = limit
        told: list[Any] = [loader, batches, loader.sampler]
        told += [getattr(batches, name, None) for name in ("sampler", "batch_sampler")]
        self._told = [each for each in told if hasattr(each, "set_epoch")]
        # A loader of numbers draws from its own generator what that of the samples would.
        self._numbers: DataLoader[Any] = DataLoader(
            range(self._count),  # type: ignore[arg-type]
            batch_sampler=batches,
            collate_fn=list,
            generator=loader.generator,
        )
        self._epochs: list[list[array[int]]] = []

    def __call__(self, epoch: int) -> Sequence[Sequence[int]]:
        """The batches of indices of an epoch.

        Raises
        ------
        SaturnError
            ``unsupported`` when the sampler never ends, or gives something else than indices.
        """
        while len(self._epochs) <= epoch:
            self._epochs.append(list(self._draw(len(self._epochs))))
        return [list(batch) for batch in self._epochs[epoch]]

    def _draw(self, epoch: int) -> Iterator[array[int]]:
        with undisturbed():
            seed_all(derive(self._seed, "epoch", epoch))
            for each in self._told:
                each.set_epoch(epoch)
            asked = itertools.islice(self._numbers, self._limit)
            drawn = [array("q", batch) for batch in self._bounded(asked)]
        for first in range(0, len(drawn), self._merged):
            yield array("q", itertools.chain(*drawn[first : first + self._merged]))

    def _bounded(self, batches: Iterator[Any]) -> Iterator[list[int]]:
        left = _ENDLESS * (self._count + 1)
        try:
            for batch in batches:
                left -= max(1, len(batch))
                if left < 0:
                    raise _unsupported("gives no end of samples", "Let it end with an epoch.")
                yield batch
        except (TypeError, IndexError) as error:
            raise _unsupported(
                f"gives other than the indices of {self._count} samples: {error}",
                "Let it give whole numbers, each the index of a sample.",
            ) from error


def _unsupported(what: str, hint: str) -> SaturnError:
    return SaturnError("unsupported", f"A sampler of the DataLoader {what}.", hint)

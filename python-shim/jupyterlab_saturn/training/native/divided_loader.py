"""A DataLoader of which each rank gets its part of every batch, and that can be gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader

from ..components.seeding import derive, seed_all
from ..runtime.process_group import ProcessGroup
from .random_state import random_state, restore_random


class DividedLoader(DataLoader[Any]):
    """Batches of a DataLoader in its own order, which the first rank draws.

    Has the ``state_dict`` of a loader that libraries can go on with in the middle of an epoch.

    Attributes
    ----------
    whole
        The batch sampler of the DataLoader.
    done
        Batches of this pass that are done; to be set by whoever goes through it.
    """

    def __init__(self, loader: DataLoader[Any], world: ProcessGroup) -> None:
        self.whole: Any = loader.batch_sampler
        self.done = 0
        self.drawn: Any = None
        self.resumed: dict[str, Any] | None = None
        super().__init__(
            loader.dataset,
            batch_sampler=_Parts(self, world),  # type: ignore[arg-type]
            **settings(loader),
        )

    def state_dict(self) -> dict[str, Any]:
        """Where it is."""
        return {"done": self.done, "drawn": self.drawn, "random": random_state(self.whole)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Have the next pass go on where it was."""
        self.resumed = state


class _Parts:
    """A batch sampler: this rank's part of each batch."""

    def __init__(self, loader: DividedLoader, world: ProcessGroup) -> None:
        self._loader = loader
        self._world = world

    def __len__(self) -> int:
        return len(self._loader.whole)

    def __iter__(self) -> Iterator[Sequence[int]]:
        loader, world = self._loader, self._world
        resumed, loader.resumed = loader.resumed, None
        if resumed is not None:
            restore_random(loader.whole, resumed["drawn"])
        loader.drawn = random_state(loader.whole)
        batches = world.on_root(lambda: [list(batch) for batch in loader.whole])
        loader.done = 0
        if resumed is not None:
            loader.done = resumed["done"]
            if world.is_root:
                restore_random(loader.whole, resumed["random"])
            else:  # what these drew before is not known, and they are not to draw what root does
                seed_all(derive(loader.done, "resumed", world.rank))
        for batch in batches[loader.done :]:
            size = len(batch) // world.size
            yield batch[world.rank * size : (world.rank + 1) * size]


class BatchesOfRoot:
    """A batch sampler: whole batches, drawn by the first rank as one process alone would."""

    def __init__(self, whole: Any, world: ProcessGroup) -> None:
        self.batch_size = whole.batch_size
        self.drop_last = whole.drop_last
        self._whole = whole
        self._world = world

    def __len__(self) -> int:
        return len(self._whole)

    def __iter__(self) -> Iterator[list[int]]:
        yield from self._world.on_root(lambda: [list(batch) for batch in self._whole])


def is_divisible(loader: Any) -> bool:
    """Whether it is a plain DataLoader that makes batches of the samples of a dataset."""
    return type(loader) is DataLoader and hasattr(loader.batch_sampler, "batch_size")


def settings(loader: DataLoader[Any]) -> dict[str, Any]:
    """How a DataLoader loads, whatever that is."""
    names = (
        "num_workers",
        "collate_fn",
        "pin_memory",
        "timeout",
        "worker_init_fn",
        "multiprocessing_context",
        "generator",
        "prefetch_factor",
        "persistent_workers",
    )
    return {name: getattr(loader, name) for name in names}


def is_counted(loader: Any) -> bool:
    """Whether it is known how many samples there are."""
    return hasattr(loader, "dataset") and hasattr(loader.dataset, "__len__")

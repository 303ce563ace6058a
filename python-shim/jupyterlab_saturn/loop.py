"""What a training loop of one's own says and asks while it runs.

``import jupyterlab_saturn as saturn``, then ``saturn.steps(loader, epochs=3)`` around the loop.
Such a loop runs anywhere: outside of a task that trains these functions change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class LoopFollower(Protocol):
    """Follows a loop of the user's own; the functions of this module go to it."""

    def steps(
        self, items: Iterable[T], epochs: int, total: int | None, distributed: bool
    ) -> Iterator[T]: ...

    def report(self, step: int | None, loss: Any, metrics: Mapping[str, Any]) -> None: ...

    def checkpoint(self, state: Mapping[str, Any]) -> None: ...

    def restore(self) -> dict[str, Any] | None: ...


_follower: LoopFollower | None = None


@contextmanager
def followed(follower: LoopFollower) -> Iterator[None]:
    """Have the functions of this module go to a follower meanwhile."""
    global _follower
    before, _follower = _follower, follower
    try:
        yield
    finally:
        _follower = before


def steps(
    items: Iterable[T], *, epochs: int = 1, total: int | None = None, distributed: bool = False
) -> Iterator[T]:
    """Go through `items`, one a step: the loop is then timed, shown, stopped and gone on with.

    Around the one loop of a task: its outermost, or with `epochs` that over batches. A step is
    what is done with an item; what follows the loop may evaluate and save. Where `restore` gave
    a state, items that were done with before it was saved are passed over.

    Outside of a task it only yields the items.

    Parameters
    ----------
    epochs
        How often to go through the items.
    total
        Steps in all, of items whose number ``len`` does not tell.
    distributed
        That the loop divides its batches among the processes of ``torch.distributed`` by itself,
        so it may run on several devices. What uses ``accelerate`` may without being told.

    Raises
    ------
    SaturnError
        In a task: ``bad-loop`` when it is not known how many steps there are.
    """
    if _follower is None:
        return (item for _ in range(epochs) for item in items)
    return _follower.steps(items, epochs, total, distributed)


def report(step: int | None = None, *, loss: Any = None, **metrics: Any) -> None:
    """Tell the loss, and metrics if there are, of the step being made. Does nothing outside.

    Parameters
    ----------
    step
        Number of the step, counted from 1; known within `steps`.
    loss, metrics
        Numbers, or tensors of one.
    """
    if _follower is not None:
        _follower.report(step, loss, metrics)


def checkpoint(state: Mapping[str, Any]) -> None:
    """Offer the state at the end of a step; it is saved where that is due, else nothing is done.

    Does nothing outside of a task that trains.

    Parameters
    ----------
    state
        What `restore` is to give, by name. Of what has a ``state_dict``, that is taken.
    """
    if _follower is not None:
        _follower.checkpoint(state)


def restore() -> dict[str, Any] | None:
    """The state saved last, by name, state dicts for what had them; None when there is none.

    To be called before `steps`. None outside of a task.
    """
    return None if _follower is None else _follower.restore()

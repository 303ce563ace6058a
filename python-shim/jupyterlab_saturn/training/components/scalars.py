"""Numbers that stay on their device until somebody reads them: losses, and what is logged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.distributed.tensor import DTensor

from ...scalar_log import Listener, listen

Scalar = torch.Tensor | float
"""A number, or a tensor of one."""

Weighed = tuple[Scalar, Scalar]
"""A total, and by what it is to be divided for the mean."""


class LoggedScalars:
    """What `log` is told during a forward and its loss, apart.

    Attributes
    ----------
    forward, loss
        Names and values, in the order they came.
    """

    __slots__ = ("_before", "_now", "forward", "loss")

    def __init__(self) -> None:
        self.forward: list[tuple[str, Scalar]] = []
        self.loss: list[tuple[str, Scalar]] = []
        self._now = self.forward
        self._before: Listener | None = None

    def __enter__(self) -> LoggedScalars:
        self._before = listen(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        listen(self._before)

    def turn_to_loss(self) -> None:
        """The forward is over; what comes is of the loss."""
        self._now = self.loss

    def forget(self) -> None:
        """What was heard so far is for others to tell."""
        self.forward.clear()

    def _hear(self, name: str, value: Any) -> None:
        self._now.append((name, kept(value)))


class Means:
    """Means by name as they grow."""

    __slots__ = ("of",)

    def __init__(self) -> None:
        self.of: dict[str, Weighed] = {}

    def add(self, values: Sequence[tuple[str, Scalar]], weight: Scalar) -> None:
        """Add values that weigh the same."""
        for name, value in values:
            known = self.of.get(name)
            # One alone of weight 1 is what it is: an operation takes as long as a small layer.
            added = value if isinstance(weight, float) and weight == 1.0 else value * weight
            self.of[name] = (
                (added, weight) if known is None else (known[0] + added, known[1] + weight)
            )

    def take(self) -> Mapping[str, Weighed]:
        """What was added since the last time."""
        taken, self.of = self.of, {}
        return taken


def kept(value: Any) -> Scalar:
    """A value as it is now, whatever becomes of its tensor, and nothing that hangs on it.

    What is divided among ranks is put together, which is a collective, as its forward is.
    """
    if isinstance(value, DTensor):
        value = value.full_tensor()
    if isinstance(value, torch.Tensor):
        number = value.detach().reshape(())
        precise = number.dtype if number.dtype == torch.float64 else torch.float32
        return number.to(precise, copy=True)
    return float(value)


def alone(value: torch.Tensor) -> torch.Tensor:
    """A tensor of one that keeps no other memory than its own."""
    if type(value) is not torch.Tensor or value.untyped_storage().nbytes() <= 8:
        return value
    return value.clone()


def read(scalars: Sequence[Scalar]) -> list[float]:
    """Them as numbers. Waits for each device that has some, once: by one copy of all."""
    numbers = [0.0] * len(scalars)
    places: dict[tuple[torch.device, torch.dtype], list[int]] = defaultdict(list)
    for place, scalar in enumerate(scalars):
        if isinstance(scalar, torch.Tensor):
            places[scalar.device, scalar.dtype].append(place)
        else:
            numbers[place] = float(scalar)
    for some in places.values():
        alike: Any = [scalars[place] for place in some]
        together = torch.stack([each if each.dim() == 0 else each.reshape(()) for each in alike])
        for place, number in zip(some, together.tolist(), strict=True):
            numbers[place] = number
    return numbers


@contextmanager
def hearing(means: Means) -> Iterator[None]:
    """Within it, what is logged is added, each call the same.

    A name that is logged while gradients are recorded counts only then: where the same loss or
    forward logs without them, it is an evaluation amid a step. What is never logged with them,
    such as the accuracy of a batch, is of the step.
    """
    of_training: set[str] = set()

    def hear(name: str, value: Any) -> None:
        if torch.is_grad_enabled():
            of_training.add(name)
        elif name in of_training:
            return
        means.add([(name, kept(value))], 1.0)

    before = listen(hear)
    try:
        yield
    finally:
        listen(before)


NOTHING: Mapping[str, Weighed] = {}
"""What is logged where nothing is."""

"""The steps since the ranks agreed last: what is known of each, on its device until they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from ..components.scalars import Scalar, Weighed, read
from ..runtime.process_group import ProcessGroup
from ..techniques import Runner

_LOSS = "loss"
_Curves = dict[str, list[float | None]]


@dataclass(frozen=True, slots=True)
class StepFigures:
    """What is known of a step.

    Attributes
    ----------
    loss
        Over all ranks; None where none was told.
    rate
        The learning rate; None where it is not known.
    gradient_norm
        Before it was clipped; None where it is not known.
    logged
        What was logged, by name, averaged over all ranks.
    """

    loss: float | None
    rate: float | None
    gradient_norm: float | None
    logged: Mapping[str, float]


class StepWindow:
    """Keeps the steps between two agreements. All ranks add the same steps.

    Names that are logged become known to all ranks at the agreement after their first step, by an
    exchange of its own; from then on their values are a part of what is exchanged in any case.
    """

    def __init__(self, world: ProcessGroup) -> None:
        self._world = world
        self._names = [_LOSS]
        self._means: list[Mapping[str, Weighed]] = []
        self._losses: list[Weighed] = []
        self._own: list[Scalar | None] = []
        self._read: list[float] = []

    def __len__(self) -> int:
        """How many steps it holds."""
        return len(self._losses)

    def add_share(self, share: torch.Tensor, runner: Runner) -> None:
        """Keep the step that a runner has just made.

        Parameters
        ----------
        share
            What it returned.
        """
        # The shares add up to the loss: one rank's weight is that of all.
        weight = 1.0 if self._world.is_root else 0.0
        rate = runner.learning_rate.used
        self.add((share, weight), rate, runner.gradient_norm, runner.logged)

    def add(
        self,
        loss: Weighed,
        rate: Scalar | None,
        gradient_norm: Scalar | None,
        logged: Mapping[str, Weighed],
    ) -> None:
        """Keep a step.

        Parameters
        ----------
        loss
            This rank's part of it, such that totals and weights of all ranks add up.
        rate, gradient_norm
            The same on all ranks.
        logged
            By name, as `loss`.
        """
        self._losses.append(loss)
        self._own += (rate, gradient_norm)
        self._means.append(logged)

    def amend(self, logged: Mapping[str, float], gradient_norm: float | None) -> None:
        """Add to the newest step what became known of it on this rank."""
        more: dict[str, Weighed] = {name: (value, 1.0) for name, value in logged.items()}
        self._means[-1] = {**self._means[-1], **more}
        if gradient_norm is not None:
            self._own[-1] = gradient_norm

    def sums(self) -> list[float]:
        """What `settle` is to be given the sums of, over all ranks. Waits for the device."""
        told = {name for means in self._means if means for name in means}
        values = self._values(self._names)
        # One copy from the device for all that is there.
        own = self._own if self._world.is_root else []
        numbers = read([*values, *(0.0 if each is None else each for each in own)])
        self._read = numbers[len(values) :]
        return [float(not told.issubset(self._names)), *numbers[: len(values)]]

    def settle(self, sums: Sequence[float]) -> list[StepFigures]:
        """The steps, of which it holds none from then on. On all ranks, and at once."""
        lacking, found = sums[0], self._by_name(self._names, sums[1:])
        if lacking:
            told = {name for means in self._means for name in means} - set(self._names)
            news = sorted({name for names in self._world.gather(told) for name in names})
            found |= self._by_name(news, self._world.sum(read(self._values(news))))
            self._names += news
        steps = self._steps(found) if self._world.is_root else []
        self._losses, self._means, self._own = [], [], []
        return steps

    def newest_loss(self, sums: Sequence[float]) -> float | None:
        """Of the last step, known before they are settled."""
        total, weight = sums[2 * len(self) - 1 : 2 * len(self) + 1]
        return total / weight if weight else None

    def _values(self, names: Sequence[str]) -> list[Scalar]:
        values: list[Scalar] = []
        for name in names:
            if name == _LOSS:
                values += [part for loss in self._losses for part in loss]
            else:
                values += [part for m in self._means for part in m.get(name, (0.0, 0.0))]
        return values

    def _by_name(self, names: Sequence[str], sums: Sequence[float]) -> _Curves:
        means = [
            total / weight if weight else None
            for total, weight in zip(sums[::2], sums[1::2], strict=True)
        ]
        each = len(self)
        return {name: means[place * each :][:each] for place, name in enumerate(names)}

    def _steps(self, found: _Curves) -> list[StepFigures]:
        losses = found.pop(_LOSS)
        own = [
            None if kept is None else value
            for kept, value in zip(self._own, self._read, strict=True)
        ]
        logged: list[dict[str, float]] = [{} for _ in losses]
        for name, values in found.items():
            for step, value in zip(logged, values, strict=True):
                if value is not None:
                    step[name] = value
        return [
            StepFigures(*each) for each in zip(losses, own[::2], own[1::2], logged, strict=True)
        ]

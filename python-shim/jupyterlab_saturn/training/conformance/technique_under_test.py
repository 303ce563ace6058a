"""A technique under examination."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from ...errors import SaturnError
from ...task import Task
from ..techniques import Technique
from .probe_tasks import STEPS
from .test_bench import TestBench
from .train_segment import SegmentResult

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy

_BOUND = 1e-5
SINGLE: Strategy = {"technique": "single", "devices": 1}


@dataclass(frozen=True)
class Trained:
    """What training a task came to."""

    losses: list[float]
    metrics: dict[str, float]
    weights: dict[str, torch.Tensor]


class TechniqueUnderTest:
    """A technique under examination, compared with `single`.

    Parameters
    ----------
    devices
        On how many it is to be tried.
    factory
        Makes the task to try it with, from options.
    """

    def __init__(
        self,
        technique: Technique,
        bench: TestBench,
        devices: Sequence[int],
        factory: Callable[..., Task],
    ) -> None:
        self.technique = technique
        self.bench = bench
        self.devices = devices
        self._factory = factory
        self._hung: set[int] = set()
        self.reference = cache(self._reference)

    def on(self, factory: Callable[..., Task]) -> TechniqueUnderTest:
        """The technique with other tasks."""
        other = TechniqueUnderTest(self.technique, self.bench, self.devices, factory)
        other._hung = self._hung
        return other

    def refusal(self, devices: int, **options: Any) -> str | None:
        """Why it cannot run the task of some options."""
        return self.technique.feasible(self._factory(**options), devices, "cpu")

    def strategies(self, **options: Any) -> Iterator[Strategy]:
        """The wire ``Strategy`` objects that are feasible for the task of some options."""
        task = self._factory(**options)
        for devices in self.devices:
            if self.technique.feasible(task, devices, "cpu") is None:
                for choice in self.technique.choices(task, devices):
                    yield {
                        "technique": self.technique.name,
                        "devices": devices,
                        "knobs": dict(choice.knobs),
                    }

    def differences(
        self,
        segments: Callable[[Strategy], Sequence[Strategy]],
        difference: Callable[[Trained, Trained], str | None] | None = None,
        **options: Any,
    ) -> Iterator[str]:
        """How training by some segments differs from `single` without a pause, for each strategy.

        Parameters
        ----------
        segments
            Given the strategy under examination: by which ones to train, one after another.
        difference
            Tells two trainings apart; `training_difference` when absent.
        """
        for strategy in self.strategies(**options):
            problem = self._problem(segments(strategy), difference or training_difference, options)
            if problem is not None:
                yield f"{told(strategy)}: {problem}"

    def _problem(
        self,
        segments: Sequence[Strategy],
        difference: Callable[[Trained, Trained], str | None],
        options: dict[str, Any],
    ) -> str | None:
        busy = max(segment["devices"] for segment in segments)
        if busy in self._hung:
            return "not tried, since it hung before"
        try:
            return difference(self._train(segments, options), self.reference(**options))
        except SaturnError as error:
            if error.code == "hung":
                self._hung.add(busy)
            return str(error)

    def _reference(self, **options: Any) -> Trained:
        return self._train([SINGLE], options)

    def _train(self, segments: Sequence[Strategy], options: dict[str, Any]) -> Trained:
        spec = self.bench.spec(self._factory, **options)
        losses: list[float] = []
        for number, strategy in enumerate(segments, 1):
            last = number == len(segments)
            until = None if last else STEPS * number // len(segments)
            outcome: SegmentResult = self.bench.train(
                spec, strategy, steps=STEPS, until=until, save=not last
            )[0]
            losses += outcome.losses
        return Trained(losses, outcome.metrics, self.bench.weights(spec))


def told(strategy: Strategy) -> str:
    """A strategy in a few words."""
    knobs = "".join(f", {name} {value}" for name, value in strategy["knobs"].items())
    return f"on {strategy['devices']}{knobs}"


def training_difference(found: Trained, expected: Trained) -> str | None:
    """In what losses or weights differ from others; None when they are the same."""
    if len(found.losses) != len(expected.losses):
        return f"it made {len(found.losses)} steps instead of {len(expected.losses)}"
    for step, (loss, wanted) in enumerate(zip(found.losses, expected.losses, strict=True), 1):
        if not abs(loss - wanted) <= _BOUND * max(1.0, abs(wanted)):
            return f"the loss of step {step} is {loss:.6g} instead of {wanted:.6g}"
    if set(found.weights) != set(expected.weights):
        odd = sorted(set(found.weights) ^ set(expected.weights))
        return f"the trained model lacks or adds {odd[0]}"
    for name, wanted_weight in expected.weights.items():
        apart = (found.weights[name] - wanted_weight).abs().max().item()
        if not apart <= _BOUND:
            return f"after {len(found.losses)} steps {name} is {apart:.2g} off"
    return None


def metric_difference(found: Trained, expected: Trained) -> str | None:
    """In what metrics differ from others; None when they are the same."""
    for name, value in expected.metrics.items():
        if not abs(found.metrics.get(name, math.nan) - value) <= _BOUND * max(1.0, abs(value)):
            return f"the metric {name} is {found.metrics.get(name)} instead of {value:.6g}"
    return None

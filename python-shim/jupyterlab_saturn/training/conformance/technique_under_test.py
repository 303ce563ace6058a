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
from ..adapters import adapt
from ..techniques import Demand, Technique, demands_of, offered_choices, unmet_demand
from .bounds import BOUNDS
from .probe_tasks import STEPS
from .test_bench import SINGLE, TestBench
from .train_segment import SegmentResult

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy


@dataclass(frozen=True)
class Trained:
    """What training a task came to.

    Attributes
    ----------
    metrics
        Told at its end.
    weights
        Of the model it wrote; state that is no tensor, too.
    exported
        Metrics of the model it wrote.
    bound
        How far from these another training's numbers may be.
    """

    losses: list[float]
    metrics: dict[str, float]
    weights: dict[str, Any]
    exported: dict[str, float]
    bound: float = BOUNDS["cpu"]


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
        self.demands = demands_of(technique)
        self._factory = factory
        self._lacking: frozenset[Demand] = frozenset()
        self._hung: set[int] = set()
        self.reference = cache(self._reference)

    def on(
        self, factory: Callable[..., Task], lacking: frozenset[Demand] = frozenset()
    ) -> TechniqueUnderTest:
        """The technique with other tasks, which lack what techniques may demand."""
        other = TechniqueUnderTest(self.technique, self.bench, self.devices, factory)
        other.demands = self.demands
        other._lacking = lacking
        other._hung = self._hung
        return other

    def demanding(self, demands: frozenset[Demand]) -> TechniqueUnderTest:
        """The technique as if it demanded something else: what then hangs is no fault of its."""
        other = self.on(self._factory, self._lacking)
        other.demands = demands
        other._hung = set(self._hung)
        return other

    def refusals(self, counts: Sequence[int], **options: Any) -> dict[int, str | None]:
        """Why it does not run the task of some options, by how many devices."""
        task = adapt(self._factory(**options))
        return {devices: self._refusal(task, devices) for devices in counts}

    def strategies(self, **options: Any) -> Iterator[Strategy]:
        """The wire ``Strategy`` objects that are feasible for the task of some options."""
        task = adapt(self._factory(**options))
        for devices in self.devices:
            if self._refusal(task, devices) is None:
                for choice in offered_choices(self.technique, task, devices, self._lacking):
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

    def _refusal(self, task: Task, devices: int) -> str | None:
        reason = self.technique.feasible(task, devices, self.bench.kind)
        unmet = unmet_demand(self.demands, devices, self._lacking)
        if reason is None and unmet is not None:
            return f"it demands {unmet}"
        return reason

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
        metrics, weights = outcome.metrics, self.bench.weights(spec)
        bound = BOUNDS[self.bench.kind]
        return Trained(losses, metrics, weights, self.bench.evaluate(spec), bound)


def told(strategy: Strategy) -> str:
    """A strategy in a few words."""
    knobs = "".join(f", {name} {value}" for name, value in strategy["knobs"].items())
    return f"on {strategy['devices']}{knobs}"


def training_difference(found: Trained, expected: Trained) -> str | None:
    """In what losses or weights differ from others; None when they are the same."""
    if len(found.losses) != len(expected.losses):
        return f"it made {len(found.losses)} steps instead of {len(expected.losses)}"
    for step, (loss, wanted) in enumerate(zip(found.losses, expected.losses, strict=True), 1):
        if not _is_near(loss, wanted, expected.bound):
            return f"the loss of step {step} is {loss:.6g} instead of {wanted:.6g}"
    if set(found.weights) != set(expected.weights):
        odd = sorted(set(found.weights) ^ set(expected.weights))
        return f"the trained model lacks or adds {odd[0]}"
    for name, wanted_weight in expected.weights.items():
        weight = found.weights[name]
        if not isinstance(wanted_weight, torch.Tensor):
            if weight != wanted_weight:
                return f"the trained model has {weight!r} as {name} instead of {wanted_weight!r}"
            continue
        apart = (weight - wanted_weight).abs().max().item()
        if not apart <= expected.bound:
            return f"after {len(found.losses)} steps {name} is {apart:.2g} off"
    return None


def metric_difference(found: Trained, expected: Trained) -> str | None:
    """In what metrics differ from others, or from the exported model's; None when they do not."""
    for name, value in expected.metrics.items():
        told = found.metrics.get(name, math.nan)
        if not _is_near(told, value, expected.bound):
            return f"the metric {name} is {told:.6g} instead of {value:.6g}"
        exported = found.exported.get(name, math.nan)
        if not _is_near(exported, value, expected.bound):
            return f"the metric {name} is {told:.6g}, but {exported:.6g} of the exported model"
    return None


def difference(found: Trained, expected: Trained) -> str | None:
    """In what a training differs from another; None when it does not."""
    return training_difference(found, expected) or metric_difference(found, expected)


def _is_near(value: float, wanted: float, bound: float) -> bool:
    return abs(value - wanted) <= bound * max(1.0, abs(wanted))

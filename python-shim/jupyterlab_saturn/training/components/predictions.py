"""What a model made of all held-out samples, wherever they were, for metrics to look at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_map_only

from ...errors import SaturnError
from ...task import Task
from ..runtime.failure import describe, is_out_of_memory
from ..runtime.process_group import ProcessGroup
from .held_tensors import place_functions, place_held
from .nested_tensors import concatenate

if TYPE_CHECKING:
    from ...generated.wire_types import Failure


class MetricsFailed(Exception):
    """A task's metrics raised, or are none.

    Attributes
    ----------
    known
        What is known all the same: the loss.
    failure
        A wire ``Failure``.
    """

    def __init__(self, known: dict[str, float], failure: Failure) -> None:
        super().__init__(failure["message"])
        self.known = known
        self.failure = failure


class Predictions:
    """Outputs and targets of one rank's held-out batches, kept on the CPU.

    Parameters
    ----------
    device
        Where the task's model works.
    """

    def __init__(self, task: Task, device: torch.device) -> None:
        self._task = task
        self._device = device
        self._kept: dict[int, tuple[Any, Any]] = {}

    def add(self, first: int, outputs: Any, targets: Any) -> None:
        """Keep what was made of a batch, as far as metrics want it.

        Parameters
        ----------
        first
            Number of its first sample.
        """
        task = self._task
        if not task.metrics:
            return
        predicted = outputs if task.prediction is None else task.prediction(outputs, targets)
        self._kept[first] = tree_map_only(
            torch.Tensor, lambda tensor: tensor.detach().cpu(), (predicted, targets)
        )

    def measure(self, world: ProcessGroup, loss: float | None) -> dict[str, float]:
        """The task's metrics of all batches of all ranks, and the loss if known. A collective.

        Raises
        ------
        MetricsFailed
            On all ranks.
        """
        known = {} if loss is None else {"loss": loss}
        if not self._task.metrics:
            return known
        parts = world.gather_on_root(self._kept)
        metrics, failure = world.on_root(lambda: self._measured(parts))
        if failure is not None:
            raise MetricsFailed(known, failure)
        return {**metrics, **{name: v for name, v in known.items() if name not in metrics}}

    def _measured(
        self, parts: list[dict[int, tuple[Any, Any]]]
    ) -> tuple[dict[str, float], Failure | None]:
        task = self._task
        everything = {first: kept for part in parts for first, kept in part.items()}
        try:
            # What metrics hold they may share with functions that work elsewhere.
            place_held(task.metrics, torch.device("cpu"), task.model)
            outputs, targets = concatenate([everything[first] for first in sorted(everything)])
            return _numbers(_call(task, outputs, targets)), None
        except Exception as error:
            if is_out_of_memory(error):
                raise
            failure = describe(error, "metrics-failed")
            if not isinstance(error, SaturnError):
                failure["message"] = f"The metrics raised {failure['message']}"
            return {}, failure
        finally:
            place_functions(task, self._device)


def _call(task: Task, outputs: Any, targets: Any) -> Mapping[str, Any]:
    metrics = task.metrics
    if callable(metrics):
        return metrics(outputs, targets)
    return {name: metric(outputs, targets) for name, metric in metrics.items()}


def _numbers(said: Any) -> dict[str, float]:
    if not isinstance(said, Mapping):
        raise _none(f"are a {type(said).__name__}")
    numbers = {}
    for name, value in said.items():
        try:
            numbers[str(name)] = float(value)
        except (TypeError, ValueError):
            raise _none(f"give for {name!r} a {type(value).__name__}") from None
    return {name: value if math.isfinite(value) else math.nan for name, value in numbers.items()}


def _none(what: str) -> SaturnError:
    return SaturnError(
        "metrics-failed",
        f"The metrics {what}, not numbers by name.",
        'Return e.g. {"accuracy": 0.9}.',
    )

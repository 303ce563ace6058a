"""What is known of how a task is evaluated, before it trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...task import Task

if TYPE_CHECKING:
    from ...generated.wire_types import Evaluating


def evaluating_of(task: Task) -> Evaluating:
    """The wire ``Evaluating`` of a task that this product evaluates, at any step."""
    found: Evaluating = {}
    held_out, metrics = task.eval_data, task.metrics
    if held_out is None:
        found["metrics"] = []
    elif task.evaluation is None and isinstance(metrics, Mapping):
        names = dict.fromkeys(["loss", *metrics])
        sets = [f"{name}_" for name in held_out] if isinstance(held_out, Mapping) else [""]
        found["metrics"] = [f"{each}{name}" for each in sets for name in names]
    if task.validate_every is not None:
        found["every"] = task.validate_every
    return found

"""What techniques demand of a task that only running it once tells, and what they then offer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from ...task import Task
from .technique import Choice, Technique

Demand = Literal[
    "every-gradient",
    "constant-graph",
    "one-backward",
    "divisible-batch",
    "equal-state",
    "constant-state",
]
"""A technique lists in `demands` what it cannot do without on several devices.

``every-gradient``
    All parameters to be trained get one.
``constant-graph``
    Which parameters take part in the loss does not depend on the samples.
``one-backward``
    Neither forward nor loss compute gradients themselves, as gradient penalties do.
``divisible-batch``
    The loss of a batch is the mean of the losses of its parts.
``equal-state``
    What the forward changes in the model, if anything, does not depend on the samples.
``constant-state``
    The forward changes nothing in the model but running statistics of batch normalisation.
"""

DEMANDS: tuple[Demand, ...] = get_args(Demand)
MOST_DEMANDS: frozenset[Demand] = frozenset(DEMANDS) - {"every-gradient"}
"""What a technique that lists nothing is taken to demand."""

_ANYWHERE: frozenset[Demand] = frozenset(("constant-state",))
"""What techniques that demand it need on one device, too."""


def demands_of(technique: Technique) -> frozenset[Demand]:
    """What a technique demands, stated or not."""
    return frozenset(getattr(technique, "demands", MOST_DEMANDS))


def unmet_demand(
    demands: Collection[Demand], devices: int, lacking: Collection[Demand]
) -> Demand | None:
    """The first of a technique's demands on so many devices that a task lacks."""
    counting = (demand for demand in sorted(demands) if devices > 1 or demand in _ANYWHERE)
    return next((demand for demand in counting if demand in lacking), None)


def offered_choices(
    technique: Technique, task: Task, devices: int, lacking: Collection[Demand]
) -> list[Choice]:
    """The settings of a technique, feasible and met, that a task may run with.

    Blocks that run again in the backward would change twice what they change.
    """
    choices = technique.choices(task, devices)
    if "constant-state" not in lacking:
        return choices
    return [choice for choice in choices if not choice.knobs.get("checkpointing")]

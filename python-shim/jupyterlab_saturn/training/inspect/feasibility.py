"""Which techniques can run a task, on how many devices, and why not the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...task import Task
from ..runtime.rank_request import RankRequest
from ..techniques import (
    Choice,
    Knobs,
    Technique,
    catalogue,
    demands_of,
    offered_choices,
    unmet_demand,
)
from ..techniques.native import Native
from ..techniques.single import Single
from .demands_probe import Probed
from .dry_run import DryRun
from .host_memory import why_not_built

if TYPE_CHECKING:
    from ...generated.wire_types import Feasibility, Strategy


def judge(
    task: Task, request: RankRequest, probed: Probed, dry_run: DryRun | None
) -> Iterator[Feasibility]:
    """The wire ``Feasibility`` of each technique on each number of devices that a request has.

    Parameters
    ----------
    probed
        What the task lacks of that which techniques may demand.
    dry_run
        Of a step, by which memory is estimated; None when it could not be made.
    """
    unmet = probed.unmet
    for technique in catalogue(request.techniques).values():
        if technique.name == Native.name:  # not for any Task: nothing to be told of this one
            continue
        for devices in range(1, request.max_devices + 1):
            reason = technique.feasible(task, devices, request.device_kind)
            if reason is None and request.device_kind == "cuda":
                reason = why_not_built(technique, task, devices)
            if reason is None:
                demand = unmet_demand(demands_of(technique), devices, unmet)
                reason = None if demand is None else unmet[demand]
            if reason is None:
                for choice in offered_choices(technique, task, devices, unmet):
                    yield _verdict(technique, devices, choice, dry_run)
            else:
                strategy = _strategy(technique.name, devices, {})
                yield {"strategy": strategy, "feasible": False, "reason": reason}


def judge_alone(task: Task, request: RankRequest) -> list[Feasibility]:
    """The wire ``Feasibility`` of the plain step on one device, which demands nothing of a task."""
    single = Single()
    reason = single.feasible(task, 1, request.device_kind)
    verdict: Feasibility = {"strategy": _strategy(single.name, 1, {}), "feasible": reason is None}
    if reason is not None:
        verdict["reason"] = reason
    return [verdict]


def _verdict(
    technique: Technique, devices: int, choice: Choice, dry_run: DryRun | None
) -> Feasibility:
    verdict: Feasibility = {
        "strategy": _strategy(technique.name, devices, choice.knobs),
        "feasible": True,
    }
    if dry_run is not None:
        verdict["estimateBytes"] = technique.estimate(dry_run.footprint, devices, choice.knobs)
    if choice.instead_of is not None:
        name, knobs = choice.instead_of
        verdict["insteadOf"] = _strategy(name, devices, knobs)
    return verdict


def _strategy(name: str, devices: int, knobs: Knobs) -> Strategy:
    strategy: Strategy = {"technique": name, "devices": devices}
    return {**strategy, "knobs": dict(knobs)} if knobs else strategy

"""What building a task once, without training it, tells."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from ...task import Task
from ..adapters import NeedsNative
from ..components.seeding import derive
from ..runtime.event_sender import EventSender
from ..runtime.failure import describe
from ..runtime.rank_request import RankRequest
from ..task.data_order import Samples
from ..task.factory import build_task, sample_count, steps_per_epoch, total_steps
from ..task.task_validation import warnings
from ..techniques import Choice, Knobs, Technique, catalogue, installed_techniques
from ..techniques.native import Native
from ..techniques.technique import Demand
from .dry_run import DryRun, dry_run
from .native_inspection import inspect_native, refusing_to_train
from .performance_signature import signature

if TYPE_CHECKING:
    from ...generated.wire_types import Feasibility, Inspection, InspectResult, Strategy, TaskSpec


def inspect_tasks(request: RankRequest, events: EventSender) -> None:
    """Inspect each task of a request and tell the agent, one by one.

    A task that cannot be built gets an error; the others are not concerned.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # looking must not take memory from those who train
    torch.set_num_threads(1)
    dry_runs: dict[str, DryRun | None] = {}
    for spec in request.tasks:
        result: InspectResult = {"task": spec["name"], "hash": spec["hash"]}
        try:
            result["inspection"] = inspect_task(request, spec, dry_runs)
        except (Exception, SystemExit) as error:
            result["error"] = describe(error, "inspection-failed")
        events.emit({"kind": "inspected", "result": result})
        gc.collect()  # a model with a cycle would stay beside the next


def inspect_task(
    request: RankRequest, spec: TaskSpec, dry_runs: dict[str, DryRun | None]
) -> Inspection:
    """The wire ``Inspection`` of a wire ``TaskSpec``.

    Parameters
    ----------
    dry_runs
        By signature, those already made: equal tasks need but one. This one's is added.

    Raises
    ------
    SaturnError
        As `build_task`, `dry_run` and `inspect_native`; ``trains-itself`` when the factory trains
        instead of returning what is to be trained.
    """
    if spec.get("native"):
        return inspect_native(request, spec, "the cell says so with --native")
    try:
        with refusing_to_train(spec):
            task = build_task(request.paths, spec)
    except NeedsNative as need:
        return inspect_native(request, spec, need.reason)
    samples = Samples(task.data, task.collate, derive(spec["seed"], "inspection"))
    name = signature(task, samples.batch([0]))
    if name not in dry_runs:
        dry_runs[name] = dry_run(task, samples, request.device_kind)
    inspection: Inspection = {
        "signature": name,
        "steps": total_steps(task, spec),
        "stepsPerEpoch": steps_per_epoch(task),
        "samples": sample_count(task),
        "batchSize": task.batch_size,
        "parameters": sum(parameter.numel() for parameter in task.model.parameters()),
        "feasibility": list(_feasibility(task, request, dry_runs[name])),
        "warnings": list(warnings(task, samples, request.max_devices)),
    }
    packages = {name: each.package for name, each in installed_techniques().items()}
    if packages:
        inspection["packages"] = packages
    return inspection


def _feasibility(task: Task, request: RankRequest, dry_run: DryRun | None) -> Iterator[Feasibility]:
    unmet = dict(_unmet(dry_run))
    for technique in catalogue(request.techniques).values():
        if technique.name == Native.name:  # not for any Task: nothing to be told of this one
            continue
        demands = sorted(getattr(technique, "demands", ()))
        lacking = next((unmet[demand] for demand in demands if demand in unmet), None)
        for devices in range(1, request.max_devices + 1):
            reason = technique.feasible(task, devices, request.device_kind) or lacking
            if reason is None:
                for choice in technique.choices(task, devices):
                    yield _verdict(technique, devices, choice, dry_run)
            else:
                strategy = _strategy(technique.name, devices, {})
                yield {"strategy": strategy, "feasible": False, "reason": reason}


def _unmet(dry_run: DryRun | None) -> Iterator[tuple[Demand, str]]:
    """What the task does not have of what techniques may demand, and why they cannot run it."""
    if dry_run is not None and dry_run.idle:
        first, *others = dry_run.idle
        names = f"{first} and {len(others)} more" if others else first
        yield (
            "every-gradient",
            f"the loss does not depend on {names}, whose gradients would be waited for in vain; "
            "freeze what is not to be trained",
        )


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

"""What building a task once, without training it, tells."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ...task import Task
from ..adapters import NeedsNative
from ..components.seeding import derive
from ..components.side_effects import without_side_effects
from ..run.best_model import criterion_of
from ..runtime.event_sender import EventSender
from ..runtime.failure import describe, is_out_of_memory
from ..runtime.rank_request import RankRequest
from ..task.data_order import takes_whole_batches
from ..task.epoch_order import first_batch
from ..task.factory import build_task, sample_count, steps_per_epoch, total_steps
from ..task.samples import Samples
from ..task.task_validation import require_repeatable, warnings
from ..techniques import Choice, DeviceKind, Knobs, Technique, catalogue, installed_techniques
from ..techniques.native import Native
from ..techniques.technique import MOST_DEMANDS, Demand
from .batch_probe import why_indivisible
from .deadline import TimeUp, deadline
from .dry_run import DryRun, dry_run
from .graph_probe import changing_graph, why_idle
from .native_inspection import inspect_native, refusing_to_train
from .performance_signature import signature
from .rehearsal import rehearse
from .state_probe import changed_state

if TYPE_CHECKING:
    from ...generated.wire_types import Feasibility, Inspection, InspectResult, Strategy, TaskSpec

_SECONDS = 20.0
_RIGHT_BY_ITS_OWN_LOOP = ("hidden-state", "stray-parameter", "uneven-epochs", "unseeded-data")
"""Codes of errors that the loop of a library does not run into."""

_ANYWHERE: frozenset[Demand] = frozenset(("constant-state",))
"""What techniques that demand it need on one device, too."""


def inspect_tasks(request: RankRequest, events: EventSender) -> None:
    """Inspect each task of a request and tell the agent, one by one.

    A task that cannot be built gets an error; the others are not concerned.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # looking must not take memory from those who train
    torch.set_num_threads(1)
    known: dict[str, _Known] = {}
    for spec in request.tasks:
        result: InspectResult = {"task": spec["name"], "hash": spec["hash"]}
        try:
            result["inspection"] = inspect_task(request, spec, known)
        except (Exception, SystemExit) as error:
            result["error"] = describe(error, "inspection-failed")
        events.emit({"kind": "inspected", "result": result})
        gc.collect()  # a model with a cycle would stay beside the next


def inspect_task(request: RankRequest, spec: TaskSpec, known: dict[str, _Known]) -> Inspection:
    """The wire ``Inspection`` of a wire ``TaskSpec``.

    Parameters
    ----------
    known
        By signature, what was found by running a step: equal tasks need but one. This one's is
        added.

    Raises
    ------
    SaturnError
        As `build_task`, `dry_run`, `changed_state`, `rehearse` and `inspect_native`;
        ``unseeded-data`` when a sample looks different each time it is loaded; ``trains-itself``
        when the factory trains instead of returning what is to be trained.
    """
    if spec.get("native"):
        return inspect_native(request, spec, "the cell says so with --native")
    try:
        with refusing_to_train(spec):
            task = build_task(request.paths, spec)
        return _inspect(task, request, spec, known)
    except NeedsNative as need:
        return inspect_native(request, spec, need.reason)
    except SaturnError as error:
        if error.code not in _RIGHT_BY_ITS_OWN_LOOP:
            raise
        try:
            return inspect_native(request, spec, error.message.rstrip("."))
        except SaturnError as other:
            if other.code != "nothing-trained":
                raise
            raise error from None  # a Task, which has no loop


def _inspect(
    task: Task, request: RankRequest, spec: TaskSpec, known: dict[str, _Known]
) -> Inspection:
    samples = Samples(task.data, task.collate, derive(spec["seed"], "inspection"))
    indices = first_batch(task, samples.count)
    require_repeatable(samples, indices)
    name = signature(task, samples.batch(indices))
    if name not in known:
        known[name] = _run(task, samples, request.device_kind)
    steps = total_steps(task, spec)
    told = list(rehearse(task, steps, derive(spec["seed"], "inspection")))
    inspection: Inspection = {
        "signature": name,
        "steps": steps,
        "stepsPerEpoch": steps_per_epoch(task),
        "samples": sample_count(task),
        "batchSize": task.batch_size,
        "parameters": sum(parameter.numel() for parameter in task.model.parameters()),
        "feasibility": list(_feasibility(task, request, known[name])),
        "warnings": [*warnings(task, samples, request.max_devices), *told],
    }
    best = criterion_of(task)
    if best is not None:
        inspection["best"] = best
    if known[name].unproven:
        inspection["warnings"].append(
            f"The model is too slow to be tried here: within {_SECONDS:.0f} s it was not shown "
            "that the loss of a batch is that of its parts, which data parallel techniques rest on."
        )
    packages = {name: each.package for name, each in installed_techniques().items()}
    if packages:
        inspection["packages"] = packages
    return inspection


@dataclass(frozen=True)
class _Known:
    """What running a step told of a task.

    Attributes
    ----------
    dry_run
        None when it could not be made.
    unmet
        Of what techniques may demand, what the task lacks, and why they cannot run it.
    unproven
        Whether real samples took too long to tell.
    """

    dry_run: DryRun | None
    unmet: Mapping[Demand, str]
    unproven: bool


def _run(task: Task, samples: Samples, kind: DeviceKind) -> _Known:
    found = dry_run(task, samples, kind)
    unmet: dict[Demand, str] = {}
    if found is not None and found.idle:
        unmet["every-gradient"] = why_idle(found.idle)
    unproven = False
    if any(parameter.requires_grad for parameter in task.model.parameters()):
        try:
            with deadline(_SECONDS):
                unmet.update(_probe(task, samples))
        except TimeUp:
            unproven = True
    return _Known(found, unmet, unproven)


def _probe(task: Task, samples: Samples) -> dict[Demand, str]:
    """What a forward and its loss do with real samples. Raises TimeUp under a `deadline`."""
    unmet: dict[Demand, str] = {}
    with without_side_effects(task.model):
        try:
            reason = why_indivisible(task, samples)
            if reason is not None:
                unmet["divisible-batch"] = f"a batch cannot be cut: {reason}"
            unmet.update(changed_state(task, samples))
            unmet.update(changing_graph(task, samples))
        except (SaturnError, TimeUp):
            raise
        except Exception as error:
            # On the devices that it is for it may run: then the trial tells.
            if is_out_of_memory(error):
                raise
            unmet.setdefault("divisible-batch", "a batch could not be tried in parts here")
    reason = unmet.get("divisible-batch")
    if reason is not None and task.micro_batches > 1 and not takes_whole_batches(task):
        raise SaturnError(
            "bad-task",
            f"There are {task.micro_batches} micro_batches, but {reason}.",
            "Leave micro_batches out, or have the loss return a pair: the sum over what it "
            "counts, and how many these are.",
        )
    return unmet


def _feasibility(task: Task, request: RankRequest, known: _Known) -> Iterator[Feasibility]:
    for technique in catalogue(request.techniques).values():
        if technique.name == Native.name:  # not for any Task: nothing to be told of this one
            continue
        demands = sorted(getattr(technique, "demands", MOST_DEMANDS))
        for devices in range(1, request.max_devices + 1):
            unmet = (d for d in demands if d in known.unmet and (devices > 1 or d in _ANYWHERE))
            lacking = next((known.unmet[demand] for demand in unmet), None)
            reason = technique.feasible(task, devices, request.device_kind) or lacking
            if reason is None:
                for choice in technique.choices(task, devices):
                    if not _runs_twice(choice) or "constant-state" not in known.unmet:
                        yield _verdict(technique, devices, choice, known.dry_run)
            else:
                strategy = _strategy(technique.name, devices, {})
                yield {"strategy": strategy, "feasible": False, "reason": reason}


def _runs_twice(choice: Choice) -> bool:
    """Whether blocks are run again in the backward, which would change twice what they change."""
    return bool(choice.knobs.get("checkpointing"))


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

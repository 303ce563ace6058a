"""What building a task once, without training it, tells."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import torch

from ..errors import Json
from ..task import Task
from .data import Samples
from .events import EventSocket
from .factory import build_task, sample_count, steps_per_epoch, total_steps
from .failure import describe
from .rehearsal import Rehearsal, rehearse
from .request import Request
from .seeding import derive
from .signature import signature
from .soundness import warnings
from .techniques import Choice, Knobs, Technique, catalogue
from .techniques.technique import Demand


def inspect_tasks(request: Request, events: EventSocket) -> None:
    """Inspect each task of a request and tell the agent, one by one.

    A task that cannot be built gets an error; the others are not concerned.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # looking must not take memory from those who train
    torch.set_num_threads(1)
    rehearsals: dict[str, Rehearsal | None] = {}
    for spec in request.tasks:
        result: Json = {"task": spec["name"], "hash": spec["hash"]}
        try:
            result["inspection"] = inspect_task(request, spec, rehearsals)
        except (Exception, SystemExit) as error:
            result["error"] = describe(error, "inspection-failed")
        events.emit("inspected", result=result)
        gc.collect()  # a model with a cycle would stay beside the next


def inspect_task(request: Request, spec: Json, rehearsals: dict[str, Rehearsal | None]) -> Json:
    """The wire ``Inspection`` of a wire ``TaskSpec``.

    Parameters
    ----------
    rehearsals
        By signature, those already made: equal tasks need but one. This one's is added.

    Raises
    ------
    SaturnError
        As `build_task` and `rehearse`.
    """
    task = build_task(request.paths, spec)
    samples = Samples(task.data, task.collate, derive(spec["seed"], "inspection"))
    name = signature(task, samples.batch([0]))
    if name not in rehearsals:
        rehearsals[name] = rehearse(task, samples, request.device_kind)
    return {
        "signature": name,
        "steps": total_steps(task, spec),
        "stepsPerEpoch": steps_per_epoch(task),
        "samples": sample_count(task),
        "batchSize": task.batch_size,
        "parameters": sum(parameter.numel() for parameter in task.model.parameters()),
        "feasibility": list(_feasibility(task, request, rehearsals[name])),
        "warnings": list(warnings(task, samples, request.max_devices)),
    }


def _feasibility(task: Task, request: Request, rehearsal: Rehearsal | None) -> Iterator[Json]:
    unmet = dict(_unmet(rehearsal))
    for technique in catalogue(request.techniques, request.paths).values():
        demands = sorted(getattr(technique, "demands", ()))
        lacking = next((unmet[demand] for demand in demands if demand in unmet), None)
        for devices in range(1, request.max_devices + 1):
            reason = technique.feasible(task, devices, request.device_kind) or lacking
            if reason is None:
                for choice in technique.choices(task, devices):
                    yield _verdict(technique, devices, choice, rehearsal)
            else:
                strategy = _strategy(technique.name, devices, {})
                yield {"strategy": strategy, "feasible": False, "reason": reason}


def _unmet(rehearsal: Rehearsal | None) -> Iterator[tuple[Demand, str]]:
    """What the task does not have of what techniques may demand, and why they cannot run it."""
    if rehearsal is not None and rehearsal.idle:
        first, *others = rehearsal.idle
        names = f"{first} and {len(others)} more" if others else first
        yield (
            "every-gradient",
            f"the loss does not depend on {names}, whose gradients would be waited for in vain; "
            "freeze what is not to be trained",
        )


def _verdict(
    technique: Technique, devices: int, choice: Choice, rehearsal: Rehearsal | None
) -> Json:
    verdict: Json = {
        "strategy": _strategy(technique.name, devices, choice.knobs),
        "feasible": True,
    }
    if rehearsal is not None:
        verdict["estimateBytes"] = technique.estimate(rehearsal.footprint, devices, choice.knobs)
    if choice.instead_of is not None:
        name, knobs = choice.instead_of
        verdict["insteadOf"] = _strategy(name, devices, knobs)
    return verdict


def _strategy(name: str, devices: int, knobs: Knobs) -> Json:
    strategy: Json = {"technique": name, "devices": devices}
    return {**strategy, "knobs": dict(knobs)} if knobs else strategy

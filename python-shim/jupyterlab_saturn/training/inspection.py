"""What building a task once, without training it, tells."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import torch
from torch import nn

from ..errors import Json
from ..task import Task
from .data import Samples
from .events import EventSocket
from .factory import build_task, sample_count, steps_per_epoch, total_steps
from .failure import describe
from .request import Request
from .seeding import derive
from .signature import signature
from .techniques import Choice, Knobs, Technique, catalogue

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_DROPOUTS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


def inspect_tasks(request: Request, events: EventSocket) -> None:
    """Inspect each task of a request and tell the agent, one by one.

    A task that cannot be built gets an error; the others are not concerned.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # looking must not take memory from those who train
    torch.set_num_threads(1)
    for spec in request.tasks:
        result: Json = {"task": spec["name"], "hash": spec["hash"]}
        try:
            result["inspection"] = inspect_task(request, spec)
        except (Exception, SystemExit) as error:
            result["error"] = describe(error, "inspection-failed")
        events.emit("inspected", result=result)
        gc.collect()  # a model with a cycle would stay beside the next


def inspect_task(request: Request, spec: Json) -> Json:
    """The wire ``Inspection`` of a wire ``TaskSpec``. Raises like `build_task`."""
    task = build_task(request.paths, spec)
    samples = Samples(task.data, task.collate, derive(spec["seed"], "inspection"))
    return {
        "signature": signature(task, samples.batch([0])),
        "steps": total_steps(task, spec),
        "stepsPerEpoch": steps_per_epoch(task),
        "samples": sample_count(task),
        "batchSize": task.batch_size,
        "parameters": sum(parameter.numel() for parameter in task.model.parameters()),
        "feasibility": list(_feasibility(task, request)),
        "warnings": list(_warnings(task, request.max_devices)),
    }


def _feasibility(task: Task, request: Request) -> Iterator[Json]:
    for technique in catalogue(request.techniques, request.paths).values():
        for devices in range(1, request.max_devices + 1):
            reason = technique.feasible(task, devices, request.device_kind)
            if reason is None:
                for choice in technique.choices(task, devices):
                    yield _verdict(technique, devices, choice)
            else:
                strategy = _strategy(technique.name, devices, {})
                yield {"strategy": strategy, "feasible": False, "reason": reason}


def _verdict(technique: Technique, devices: int, choice: Choice) -> Json:
    verdict: Json = {
        "strategy": _strategy(technique.name, devices, choice.knobs),
        "feasible": True,
    }
    if choice.instead_of is not None:
        name, knobs = choice.instead_of
        verdict["insteadOf"] = _strategy(name, devices, knobs)
    return verdict


def _strategy(name: str, devices: int, knobs: Knobs) -> Json:
    strategy: Json = {"technique": name, "devices": devices}
    return {**strategy, "knobs": dict(knobs)} if knobs else strategy


def _warnings(task: Task, max_devices: int) -> Iterator[str]:
    yield from task.remarks
    if max_devices < 2:
        return
    modules = list(task.model.modules())
    if any(isinstance(module, _BATCH_NORMS) for module in modules):
        yield (
            "Batch normalisation takes its statistics from each device's part of a batch, so "
            "results depend on the number of devices."
        )
    if any(isinstance(module, _DROPOUTS) and module.p > 0 for module in modules):
        yield (
            "Dropout draws other masks on other numbers of devices: results are equal in "
            "distribution, not in digits."
        )

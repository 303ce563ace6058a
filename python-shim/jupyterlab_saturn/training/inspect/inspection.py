"""What building a task once, without training it, tells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, cast

import torch

from ...errors import SaturnError
from ...task import Task, Tracking
from ...torch_settings import kept_settings
from ..adapters import NeedsNative
from ..components.seeding import derive
from ..model.performance_signature import signature
from ..model.twin import Watched, twin_key
from ..run.best_model import criterion_of
from ..runtime.device import RankDevice, claim
from ..runtime.failure import describe
from ..runtime.rank_request import RankRequest
from ..runtime.world import notebook_seed
from ..task.epoch_order import first_batch
from ..task.factory import build_task, sample_count, steps_per_epoch, total_steps
from ..task.samples import Samples
from ..task.task_validation import warnings
from ..techniques import installed_techniques
from .bfloat16_check import told_of_bfloat16
from .demands_probe import Probed
from .device_need import may_need_device, told_on_device, told_without_device
from .evaluating import evaluating_of
from .feasibility import judge, judge_alone
from .found import Found, found_by_running
from .fusion_verdict import fusion_verdict
from .native_inspection import inspect_native, refusing_to_train
from .placed_samples import PlacedSamples, device_of, place
from .rehearsal import rehearse
from .repeatable_data import require_repeatable_data
from .saved_bytes import saved_bytes

if TYPE_CHECKING:
    from ...generated.wire_types import (
        Failure,
        Feasibility,
        Inspection,
        InspectResult,
        TaskSpec,
        TaskTracking,
        TaskTrackingTrackers,
        TrackerName,
    )

_MOST_LETTERS = 128
_RIGHT_BY_ITS_OWN_LOOP = frozenset(
    {"hidden-state", "no-trainer", "stray-parameter", "uneven-epochs", "unseeded-data"}
)
"""Codes of errors that the loop of a library does not run into."""


class Findings(Protocol):
    """What was found of some tasks and holds for others: by signature, or by key of twins."""

    def get(self, name: str, /) -> Found | Watched | None:
        """What is known; None when it is for the caller to find."""

    def __setitem__(self, name: str, found: Found | Watched, /) -> None:
        """Note it for those that follow."""


def inspect_one(
    request: RankRequest, spec: TaskSpec, known: Findings, threads: int
) -> InspectResult:
    """The wire ``InspectResult`` of a task, with an error when it cannot be built.

    Parameters
    ----------
    known
        As of `inspect_task`.
    threads
        CPU threads for it.
    """
    result: InspectResult = {"task": spec["name"], "hash": spec["hash"]}
    device: RankDevice | None = None
    try:
        device = _claimed(request)
        torch.set_num_threads(threads)
        with kept_settings(torch):
            result["inspection"] = inspect_task(request, spec, known, device)
    except BaseException as error:  # PyTorch has errors that are no Exception
        result["error"] = _told_of(error, request, device)
        if not request.devices and request.device_kind == "cuda" and may_need_device(error):
            result["needsDevice"] = True
    return result


def _claimed(request: RankRequest) -> RankDevice | None:
    """The device to inspect on; None for the CPU."""
    if request.devices:
        return claim(request.devices, 0)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # looking takes no memory from those who train
    return None


def _told_of(error: BaseException, request: RankRequest, device: RankDevice | None) -> Failure:
    if device is not None:
        return told_on_device(device.blame(error))
    if request.device_kind == "cpu":
        return told_without_device(error)
    return describe(error, "inspection-failed")


def inspect_task(
    request: RankRequest,
    spec: TaskSpec,
    known: Findings,
    device: RankDevice | None = None,
) -> Inspection:
    """The wire ``Inspection`` of a wire ``TaskSpec``.

    Parameters
    ----------
    known
        What was found of others. What this one's signature lacks there is added.
    device
        To try it on; the CPU when None, with no GPU to be seen.

    Raises
    ------
    SaturnError
        As `build_task`, `dry_run`, `probe_demands`, `rehearse` and `inspect_native`;
        ``unseeded-data`` when a sample looks different each time it is loaded; ``trains-itself``
        when the factory trains instead of returning what is to be trained.
    """
    inspection = _inspect_as_fits(request, spec, known, device)
    if device is not None:
        inspection["onDevice"] = True
    inspection["warnings"] = [*inspection["warnings"], *_told_of_seed(request, spec)]
    return inspection


def _inspect_as_fits(
    request: RankRequest, spec: TaskSpec, known: Findings, device: RankDevice | None
) -> Inspection:
    if spec.get("native"):
        return inspect_native(request, spec, "the cell says so with --native", device)
    try:
        with refusing_to_train(spec):
            task = build_task(request.paths, spec)
        return _inspect(task, request, spec, known, device)
    except NeedsNative as need:
        return inspect_native(request, spec, need.reason, device)
    except SaturnError as error:
        if error.code not in _RIGHT_BY_ITS_OWN_LOOP:
            raise
        try:
            return inspect_native(request, spec, error.message.rstrip("."), device)
        except SaturnError as other:
            if other.code != "nothing-trained":
                raise
            raise error from None  # a Task, which has no loop


def _inspect(
    task: Task,
    request: RankRequest,
    spec: TaskSpec,
    known: Findings,
    device: RankDevice | None,
) -> Inspection:
    seed = derive(spec["seed"], "inspection")
    samples = Samples(task.data, task.collate, seed)
    indices = first_batch(task, samples.count)
    require_repeatable_data(task, samples, indices)
    batch = samples.batch(indices)
    name = signature(task, batch)
    is_whole = device is None and request.look != "first"
    key = twin_key(task, name, batch) if is_whole else None
    if device is not None:
        place(task, device.torch_device)
    found = known.get(name)
    if not isinstance(found, Found):
        placed = PlacedSamples(task.data, task.collate, seed, device_of(task))
        found = found_by_running(task, placed, batch, request)
        failure = found.probed.failure
        if failure is not None and device is None and request.device_kind == "cuda":
            raise failure  # it may do on one of the devices
        known[name] = found
    steps = total_steps(task, spec)
    told = list(rehearse(task, steps, seed))
    if device is not None:
        place(task, torch.device("cpu"))  # as techniques get it
    inspection: Inspection = {
        "signature": name,
        "steps": steps,
        "stepsPerEpoch": steps_per_epoch(task),
        "samples": sample_count(task),
        "batchSize": task.batch_size,
        "parameters": sum(parameter.numel() for parameter in task.model.parameters()),
        "savedBytes": saved_bytes(task, found.dry_run),
        "feasibility": judge_alone(task, request)
        if found.partial
        else _as_twins(
            task, key, known, lambda: list(judge(task, request, found.probed, found.dry_run))
        ),
        "warnings": [*warnings(task, samples), *told, *_told(found.probed, task, request)],
    }
    if found.partial:
        inspection["partial"] = True
    inspection["evaluating"] = evaluating_of(task)
    if (best := criterion_of(task)) is not None:
        inspection["best"] = best
    if task.tracking is not None:
        inspection["tracking"] = _tracking(task.tracking)
    if (fusion := fusion_verdict(task, samples, seed)) is not None:
        inspection["fusion"] = fusion
    if packages := {name: each.package for name, each in installed_techniques().items()}:
        inspection["packages"] = packages
    return inspection


def _tracking(asked: Tracking) -> TaskTracking:
    trackers: list[TaskTrackingTrackers] = [
        {"tracker": cast("TrackerName", name), "asked": words}
        for name, words in asked.trackers.items()
    ]
    tracking: TaskTracking = {"trackers": trackers}
    if asked.run:
        tracking["run"] = asked.run[:_MOST_LETTERS]
    if asked.project:
        tracking["project"] = asked.project[:_MOST_LETTERS]
    return tracking


def _told_of_seed(request: RankRequest, spec: TaskSpec) -> Iterator[str]:
    seed = notebook_seed(request.paths, spec.get("world"))
    if seed is not None and seed != spec["seed"]:
        yield (
            f"The notebook has seeded PyTorch with {seed}, but a task has a seed of its own, here "
            f"{spec['seed']}: --seed {seed} makes them the same."
        )


def _told(probed: Probed, task: Task, request: RankRequest) -> Iterator[str]:
    """What the user should know of what was tried."""
    yield from told_of_bfloat16(task, request.compute_capability)
    if probed.draws and not task.exact_random and request.max_devices > 1:
        yield (
            "The forward draws random numbers, as dropout does, others on other numbers of "
            "devices: results are equal in distribution, not in digits. Those of a Task with "
            "exact_random=True are."
        )
    if probed.too_slow is not None:
        yield (
            f"The model is too slow to be tried here: {probed.too_slow}. Techniques that cut a "
            "batch or run a forward again are left out."
        )


def _as_twins(
    task: Task, key: str | None, known: Findings, verdicts: Callable[[], list[Feasibility]]
) -> list[Feasibility]:
    """Judge a task, with what was found by watching a twin of it at work; else it is watched."""
    watched = None if key is None else known.get(key)
    if isinstance(watched, Watched):
        watched.adopt(task.model)
        return verdicts()
    feasibility = verdicts()
    if key is not None:
        known[key] = Watched.of(task.model)
    return feasibility

"""What a task that trains by itself tells when it is led up to its loop, and no further."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from ...errors import SaturnError
from ...torch_settings import changed_settings
from ..native.monitor import Loop, LoopOver, Monitor
from ..native.native_jobs import identity
from ..native.native_loop import NativeRun, refuse_length
from ..native.native_run import NativeTask
from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from ..techniques.native import Native

if TYPE_CHECKING:
    from ...generated.wire_types import Feasibility, Inspection, Strategy, TaskSpec


class _Looking(Monitor):
    """Ends a loop before it begins."""

    def __init__(self) -> None:
        self.loop: Loop | None = None

    def begins(self, describe: Callable[[], Loop]) -> None:
        self.loop = describe()
        raise LoopOver


def inspect_native(
    request: RankRequest, spec: TaskSpec, reason: str, device: RankDevice | None = None
) -> Inspection:
    """The wire ``Inspection`` of a task that trains by its own loop.

    Parameters
    ----------
    reason
        Why it does.
    device
        To build it on; the CPU when None.

    Raises
    ------
    SaturnError
        As its function and its loop; ``nothing-trained`` when neither trains.
    """
    monitor = _Looking()
    run = NativeRun(
        spec=spec,
        paths=request.paths,
        world=ProcessGroup(0, 1),
        monitor=monitor,
        folder=request.scratch / f"native-{os.getpid()}",
        identity=identity(spec),
        keeps=False,
        device=device,
    )
    task = NativeTask(run)
    try:
        with _ending_at_a_step(spec, monitor):
            task.train()
    except LoopOver:
        pass
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
    if monitor.loop is None:
        kind = "nothing" if task.made is None else f"a {type(task.made).__name__}"
        raise SaturnError(
            "nothing-trained",
            f"{spec['sweep']} trained nothing, and returned {kind}, which has no loop that is "
            "known.",
            "Return a Trainer or a LightningModule with its Trainer, or train in the function. A "
            "Task is for: %%saturn task, without --native",
        )
    return _inspection(monitor.loop, request, spec, reason)


@contextmanager
def refusing_to_train(spec: TaskSpec) -> Iterator[None]:
    """Have a factory that trains raise SaturnError ``trains-itself`` at its first step."""

    def refuse(*_: Any) -> None:
        raise SaturnError(
            "trains-itself",
            f"The function {spec['sweep']} trains by itself, where it is only to return what is to "
            "be trained.",
            "Have it run as it is: %%saturn task --native. Or return what it trains, such as the "
            "Trainer, in place of calling train() or a loop.",
        )

    hook = register_optimizer_step_pre_hook(refuse)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _ending_at_a_step(spec: TaskSpec, monitor: _Looking) -> Iterator[None]:
    """End a function at its first step of an optimizer: it trains, and nobody follows its loop."""

    def end(*_: Any) -> None:
        refuse_length(spec, "it is one piece")
        monitor.begins(_one_piece)

    hook = register_optimizer_step_pre_hook(end)
    try:
        yield
    finally:
        hook.remove()


def _one_piece() -> Loop:
    return Loop(
        steps=1,
        steps_per_epoch=1,
        samples=1,
        batch_size=1,
        logged_batch=None,
        why_not=lambda devices: None if devices == 1 else "without saturn.steps it is one piece",
        warnings=[
            "Without saturn.steps around its loop the function is one piece: it shows no progress, "
            "a stop ends it with nothing saved, and unless it ends within a trial it is planned "
            "as if it took ten minutes."
        ],
    )


def _inspection(loop: Loop, request: RankRequest, spec: TaskSpec, reason: str) -> Inspection:
    inspection: Inspection = {
        "signature": _signature(loop, spec),
        "steps": loop.steps,
        "stepsPerEpoch": loop.steps_per_epoch,
        "samples": loop.samples,
        "batchSize": loop.batch_size,
        "parameters": sum(p.numel() for model in loop.models for p in model.parameters()),
        "feasibility": [_verdict(loop, devices) for devices in range(1, request.max_devices + 1)],
        "native": reason,
        "warnings": list(loop.warnings),
    }
    if loop.best is not None:
        inspection["best"] = loop.best
    if loop.evaluating is not None:
        inspection["evaluating"] = loop.evaluating
    return inspection


def _verdict(loop: Loop, devices: int) -> Feasibility:
    strategy: Strategy = {"technique": Native.name, "devices": devices}
    reason = loop.why_not(devices)
    if reason is None:
        return {"strategy": strategy, "feasible": True}
    return {"strategy": strategy, "feasible": False, "reason": reason}


def _signature(loop: Loop, spec: TaskSpec) -> str:
    """A digest that is equal for tasks which run at equal speed on equal devices.

    Of the code with what it uses, the arguments and what is known of the models. Where these are
    known, arguments with a decimal point, such as rates, are left out.
    """
    rates = {name for name, value in spec["params"].items() if isinstance(value, float)}
    facts = {
        "payload": spec["payload"],
        "params": {
            name: value
            for name, value in spec["params"].items()
            if not loop.models or name not in rates
        },
        "models": [
            [name, list(parameter.shape), str(parameter.dtype), parameter.requires_grad]
            for model in loop.models
            for name, parameter in model.named_parameters()
        ],
        "batch": loop.batch_size,
        "settings": changed_settings(torch),
    }
    text = json.dumps(facts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

"""What running a step of a task tells, of it and of all of its signature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from ...task import Task
from ...torch_settings import allow_tf32, kept_settings
from ..runtime.rank_request import RankRequest
from ..task.samples import Samples
from ..techniques import Demand, DeviceKind
from .demands_probe import Probed, probe_demands
from .dry_run import DryRun, dry_run
from .first_look import first_look
from .graph_probe import why_idle


@dataclass(frozen=True)
class Found:
    """What running a step told of a task.

    Attributes
    ----------
    dry_run
        None when it could not be made.
    probed
        What the task lacks of that which techniques may demand.
    partial
        Whether only what one device needs was looked at.
    """

    dry_run: DryRun | None
    probed: Probed
    partial: bool = False


def found_by_running(task: Task, samples: Samples, batch: Any, request: RankRequest) -> Found:
    """Run a few steps of a task. Raises as `inspect_task`."""
    # What is compared must not differ by how a GPU rounds.
    with kept_settings(torch):
        allow_tf32(torch, False)
        alone = first_look(task, samples, batch, request)
        if alone is not None:
            return Found(None, alone, partial=True)
        return _tried(task, samples, request.device_kind)


def _tried(task: Task, samples: Samples, kind: DeviceKind) -> Found:
    found = dry_run(task, samples, kind)
    unmet: dict[Demand, str] = {}
    if found is not None and found.idle:
        unmet["every-gradient"] = why_idle(found.idle)
    trained = any(parameter.requires_grad for parameter in task.model.parameters())
    probed = probe_demands(task, samples) if trained else Probed()
    return Found(found, replace(probed, unmet={**unmet, **probed.unmet}))

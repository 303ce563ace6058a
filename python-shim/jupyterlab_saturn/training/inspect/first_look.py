"""What is needed to train on one device alone: found before all else there is to a task."""

from __future__ import annotations

from typing import Any

from ...task import Task
from ..fusion import is_adapted
from ..runtime.rank_request import RankRequest
from ..task.samples import Samples
from .demands_probe import Probed, probe_alone
from .dry_run import bytes_of, why_failing

_MEMORY_SHARE = 1 / 16
"""Of a device that parameters may fill, for what comes with them to fit without being estimated."""


def first_look(task: Task, samples: Samples, batch: Any, request: RankRequest) -> Probed | None:
    """What a task lacks of that which training on one CPU demands, if only that is asked for.

    Parameters
    ----------
    batch
        A whole one: what fails with it is to be known before training.

    Returns
    -------
    Probed | None
        None where all is to be looked at: it was asked for, is needed to know whether the task
        fits, whether it is accumulated in parts or trained together with others; or a step fails.

    Raises
    ------
    SaturnError
        As `probe_alone`.
    """
    if request.look != "first" or request.device_kind != "cpu" or request.devices:
        return None
    trained = any(parameter.requires_grad for parameter in task.model.parameters())
    if not trained or task.micro_batches > 1 or is_adapted(task.model):
        return None
    if bytes_of(task.model.parameters()) > _MEMORY_SHARE * request.device_bytes:
        return None
    probed = probe_alone(task, samples)
    return None if probed is None or why_failing(task, batch) is not None else probed

"""A task built on all ranks, its model's numbers on the first of them only."""

from __future__ import annotations

import hashlib

from ...task import Task
from ..components.parameters_on_meta import parameters_on_meta
from ..components.seeding import global_state
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from ..task.factory import build_task


def build_once(spec: WorkloadSpec, world: ProcessGroup) -> Task:
    """Build a task of which all ranks are to get the parameters of rank 0. A collective.

    On other ranks parameters have no numbers, so the model is in host memory once. A factory that
    looks at numbers, keeps parameters beside those of the model, hooks into their gradients, or
    comes out of it with other random numbers to come, is called again there for a real model.

    Raises
    ------
    SaturnError
        As `build_task`.
    """
    task = build_task(spec.paths, spec.task) if world.is_root else _hollow(spec)
    drawn = hashlib.sha256(repr(global_state()).encode()).hexdigest()
    if world.gather(drawn)[0] == drawn and task is not None:
        return task
    return build_task(spec.paths, spec.task)


def _hollow(spec: WorkloadSpec) -> Task | None:
    """None where the factory needs a real model, or fails: then it does so with one, too."""
    try:
        with parameters_on_meta() as hollow:
            task = build_task(spec.paths, spec.task)
        beside = hollow.strays(task.model) or hollow.watched(task.model)
        return None if beside else task
    except Exception:
        return None

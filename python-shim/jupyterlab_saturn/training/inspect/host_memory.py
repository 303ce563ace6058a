"""Whether the ranks of a group can build a task's model at the same time."""

from __future__ import annotations

from itertools import chain

import psutil

from ...nvidia_smi import gibibytes
from ...task import Task
from ..techniques import Technique


def why_not_built(technique: Technique, task: Task, devices: int) -> str | None:
    """Why the memory of this machine does not do for the models that ranks build at first.

    Each builds one of its own, unless all get the numbers of rank 0.
    """
    if devices == 1 or getattr(technique, "from_root", False):
        return None
    tensors = chain(task.model.parameters(), task.model.buffers())
    each = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    there: int = psutil.virtual_memory().total  # type: ignore[no-untyped-call]
    if each * devices <= there:
        return None
    return (
        f"{devices} ranks that build a model of {gibibytes(each)} each do not fit into the "
        f"{gibibytes(there)} of this machine; fsdp builds it once"
    )

"""Where, how long and with what settings a technique is to run a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor

from ..runtime.process_group import ProcessGroup

Knobs = Mapping[str, str | float | bool]
"""Settings of a technique by name, as in a wire ``Strategy``."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where, how long and with what settings a technique is to run a task.

    Attributes
    ----------
    steps
        Optimizer steps in all, for the schedule.
    """

    world: ProcessGroup
    device: torch.device
    steps: int
    knobs: Knobs = field(default_factory=dict)

    def mesh(self, **sizes: int) -> DeviceMesh:
        """The ranks as a grid, e.g. ``mesh(replicate=2, shard=4)``. A collective."""
        return self.world.mesh(self.device, **sizes)

    def unify(self, model: nn.Module) -> None:
        """Make a model's tensors on all ranks those of rank 0, before they are cut. A collective.

        What is cut already is left alone.
        """
        tensors = chain(model.parameters(), model.buffers())
        whole = [tensor for tensor in tensors if not isinstance(tensor, DTensor)]
        with torch.no_grad():
            self.world.copy_from_root(whole, self.device)

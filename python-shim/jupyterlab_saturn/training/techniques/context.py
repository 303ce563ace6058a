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

    @torch.no_grad()
    def unify(self, module: nn.Module) -> None:
        """Make a module's tensors on all ranks those of rank 0, before they are cut. A collective.

        What is cut already is left alone. Parameters without numbers get them on the device.
        """
        if self.world.size == 1:
            return
        for tensor in chain(module.parameters(), module.buffers()):
            if isinstance(tensor, DTensor):
                continue
            numbers = self.world.from_root(tensor, self.device)
            if isinstance(tensor, nn.Parameter) and tensor.is_meta:
                # The same object, which functions of the task may hold, too.
                made = _with_numbers(tensor, numbers)
                torch.utils.swap_tensors(tensor, made)  # type: ignore[no-untyped-call]
            else:
                tensor.copy_(numbers)


def _with_numbers(parameter: nn.Parameter, numbers: torch.Tensor) -> nn.Parameter:
    made = nn.Parameter(numbers, parameter.requires_grad)
    vars(made).update(vars(parameter))
    return made

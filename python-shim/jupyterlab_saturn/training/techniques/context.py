"""Where, how long and with what settings a technique is to run a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch.distributed.device_mesh import DeviceMesh

from ..world import World

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

    world: World
    device: torch.device
    steps: int
    knobs: Knobs = field(default_factory=dict)

    def mesh(self, **sizes: int) -> DeviceMesh:
        """The ranks as a grid, e.g. ``mesh(replicate=2, shard=4)``. A collective."""
        return self.world.mesh(self.device, **sizes)

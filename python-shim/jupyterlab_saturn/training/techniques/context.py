"""Where and how long a technique is to run a task."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..world import World


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where and how long a technique is to run a task.

    Attributes
    ----------
    steps
        Optimizer steps in all, for the schedule.
    """

    world: World
    device: torch.device
    steps: int

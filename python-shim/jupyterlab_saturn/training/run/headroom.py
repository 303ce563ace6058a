"""Whether steps leave enough of a device's memory to go on for long."""

from __future__ import annotations

import torch

from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup

_MEMORY_SHARE = 0.95


def require_headroom(world: ProcessGroup, device: RankDevice) -> None:
    """Refuse GPUs that are all but full: they fail sooner or later, as memory falls to pieces.

    A collective. When one is, it is for that rank alone to say so: it knows whether others' memory
    is the reason. The other ranks wait until they are ended.

    Raises
    ------
    torch.OutOfMemoryError
        When the peak leaves next to nothing of this rank's device.
    """
    pressure = device.pressure()
    fullest = world.max([pressure])[0]
    if fullest > _MEMORY_SHARE >= pressure:
        world.max([pressure])  # which the full ones do not join
    if pressure > _MEMORY_SHARE:
        raise torch.OutOfMemoryError(
            f"A step took {pressure:.0%} of a GPU's memory, with what others have of it, which is "
            "too close to the limit to go on for long."
        )

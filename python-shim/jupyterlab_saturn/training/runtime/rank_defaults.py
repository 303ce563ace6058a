"""What ranks are started with where the user has settled nothing. Loads no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping

# All ranks of a group are on this host; resolving its name may be slow or wrong, and its other
# interfaces behind a firewall. NCCL takes the name as a prefix without the sign. Its debug level
# is one at which the log of a rank that it fails says why.
MEETING = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "=lo", "NCCL_DEBUG": "WARN"}
"""Variables of a group whose ranks meet."""

ALLOCATION = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
"""Variables by which users settle how the memory of a GPU is allocated."""


def allocation(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables by which the memory of a GPU falls to pieces less; none where others are set.

    Under WSL drivers refuse the mapping that it takes (pytorch 192330).
    """
    if any(name in variables for name in ALLOCATION) or "microsoft" in os.uname().release:
        return {}
    # Of the two names the one that all versions know.
    return {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}


def threads(gpus: int) -> int:
    """Threads of a rank on a GPU of so many, whichever are used: an equal share of the cores."""
    return max(1, _cores() // max(1, gpus))


def _cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

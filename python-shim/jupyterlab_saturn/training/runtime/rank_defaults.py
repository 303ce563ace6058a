"""What ranks are started with, and what of it the user may settle. Loads no torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


def meeting(interface: str = _LOOPBACK) -> dict[str, str]:
    """Variables of a group whose ranks meet, whatever the user has set.

    What may put one of their sockets elsewhere is not the environment's to say.

    Parameters
    ----------
    interface
        Name of the network interface on which they meet: that of this host alone, on which nobody
        else is to find them, unless the group is over several nodes.
    """
    # NCCL takes the name as a prefix without the sign. Its RAS listens to all users of a host, and
    # tells them what runs.
    return {
        "GLOO_SOCKET_IFNAME": interface,
        "TORCH_GLOO_LAZY_INIT": "0",  # connections when a group is made, not when it first talks
        "NCCL_SOCKET_IFNAME": f"={interface}",
        "NCCL_OOB_NET_ENABLE": "0",
        "NCCL_RAS_ENABLE": "0",
    } | ({"GLOO_DEVICE_TRANSPORT": "TCP"} if sys.platform == "linux" else {})


# A place where all meet, with a number that everybody knows in place of a secret.
NOT_MEETING = ("NCCL_COMM_ID",)
"""Variables that such a group must not have."""

# The log of a rank that NCCL fails then says why.
TELLING = {"NCCL_DEBUG": "WARN"}
"""Variables of such a group where the user has set no other."""

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

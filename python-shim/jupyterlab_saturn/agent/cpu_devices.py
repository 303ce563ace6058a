"""Virtual devices made of CPU cores and memory."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from ..generated.wire_types import Device

_MIB = 1024 * 1024
_MEMORY_SHARE = 0.8
_LEAST_MEMORY = _MIB


def cpu_devices(
    cores: Sequence[int], total: int, *, count: int | None = None, memory: int | None = None
) -> list[Device]:
    """Virtual devices over CPU cores.

    Parameters
    ----------
    cores
        Cores to deal out evenly. With more devices than cores, devices share them.
    total
        Bytes of free memory; four fifths of it are split evenly unless `memory` is given.
    count
        How many devices; one for each core when absent.
    memory
        Bytes of each device.
    """
    count = count or len(cores)
    size = memory or max(_LEAST_MEMORY, int(total * _MEMORY_SHARE / count))
    devices: list[Device] = []
    for index in range(count):
        own = list(cores[index::count]) or [cores[index % len(cores)]]
        noun = "core" if len(own) == 1 else "cores"
        devices.append(
            {
                "id": f"cpu{index}",
                "kind": "cpu",
                "name": f"CPU {noun} {', '.join(map(str, own))}",
                "memoryBytes": size,
                "model": f"{cpu_model()}, {len(own)} {noun}, {size // _MIB} MiB",
                "cores": own,
            }
        )
    return devices


def usable_cores() -> list[int]:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@functools.cache
def cpu_model() -> str:
    """What the maker calls this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def memory_bytes() -> int:
    """Memory of this machine, or the limit of the container.

    Not what is free just now: a device must be the same one the next time it is looked at.
    """
    memory: int = psutil.virtual_memory().total  # type: ignore[no-untyped-call]
    try:
        return min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return memory  # no container, or one without a limit

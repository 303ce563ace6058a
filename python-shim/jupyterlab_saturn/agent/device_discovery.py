"""What a node can train on: CUDA GPUs, or virtual devices made of CPU cores and memory."""

from __future__ import annotations

import csv
import functools
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ..errors import SaturnError
from .software_versions import software

if TYPE_CHECKING:
    from ..generated.wire_types import Device, DeviceRequest, Node

_MIB = 1024 * 1024
_QUERY = (
    "--query-gpu=index,uuid,name,memory.total,driver_version",
    "--format=csv,noheader,nounits",
)
_CPU_HINT = "Use virtual CPU devices instead: %saturn cluster --cpu 2"
_MEMORY_SHARE = 0.8
_LEAST_MEMORY = _MIB


def discover(request: DeviceRequest) -> Node:
    """This node with the devices a ``DeviceRequest`` asks for, as a wire ``Node``.

    May take seconds: it asks the GPU driver.

    Raises
    ------
    SaturnError
        ``no-devices``: GPUs were asked for and there are none, or fewer than asked for.
    """
    kind, count = request["kind"], request.get("count")
    name = platform.node() or "localhost"
    if kind != "cpu":
        try:
            answer = query_gpus()
            gpus = visible_gpus(answer, os.environ.get("CUDA_VISIBLE_DEVICES"))
            if not gpus:
                raise SaturnError(
                    "no-devices",
                    "No GPU is visible: CUDA_VISIBLE_DEVICES is "
                    f"{os.environ.get('CUDA_VISIBLE_DEVICES', 'unset')!r}.",
                    _CPU_HINT,
                )
        except SaturnError:
            if kind == "cuda":
                raise
        else:
            versions = software(driver_version(answer))
            return {"id": name, "devices": _first(gpus, count), "software": versions}
    return {
        "id": name,
        "devices": cpu_devices(
            usable_cores(), memory_bytes(), count=count, memory=request.get("memoryBytes")
        ),
        "software": software(),
    }


def query_gpus() -> str:
    """What the driver says about its GPUs, one CSV line each.

    Raises
    ------
    SaturnError
        ``no-devices``: there is no driver, or it does not work.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        raise SaturnError(
            "no-devices",
            "There is no GPU here that can be used: nvidia-smi is not installed.",
            _CPU_HINT,
        )
    try:
        answer = subprocess.run(
            [tool, *_QUERY], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SaturnError("no-devices", f"nvidia-smi does not run: {error}.", _CPU_HINT) from error
    if answer.returncode != 0:
        reason = (answer.stdout.strip() or answer.stderr.strip()).splitlines()
        raise SaturnError(
            "no-devices",
            f"nvidia-smi finds no GPU: {reason[0].rstrip('.') if reason else 'it says nothing'}.",
            _CPU_HINT,
        )
    return answer.stdout


def parse_gpus(text: str) -> list[Device]:
    """Devices named by the CSV lines (index, UUID, name, MiB, driver) of nvidia-smi."""
    devices: list[Device] = []
    for index, uuid, name, memory, _ in _rows(text):
        devices.append(
            {
                "id": f"cuda{index}",
                "kind": "cuda",
                "name": name,
                # GPUs that share the machine's memory report "[N/A]".
                "memoryBytes": int(memory) * _MIB if memory.isdigit() else memory_bytes(),
                # A part of a GPU has the name of the whole.
                "model": f"{name}, {memory} MiB" if memory.isdigit() else name,
                "uuid": uuid,
            }
        )
    return devices


def driver_version(text: str) -> str | None:
    """The driver's version, by the CSV lines of nvidia-smi."""
    return next((driver for *_, driver in _rows(text)), None)


def _rows(text: str) -> list[list[str]]:
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [row for row in rows if len(row) == 5 and row[0].isdigit()]


def visible_gpus(text: str, visible: str | None) -> list[Device]:
    """The GPUs that ``CUDA_VISIBLE_DEVICES`` leaves, in its order.

    Follows the CUDA programming guide (environment variables): entries are indices or
    beginnings of UUIDs, and the first one that names no GPU hides itself and all after it.
    """
    devices = parse_gpus(text)
    if visible is None:
        return devices
    chosen: list[Device] = []
    for entry in (part.strip() for part in visible.split(",")):
        device = next(
            (
                device
                for device in devices
                if device["id"] == f"cuda{entry}"
                or (entry.startswith("GPU-") and device["uuid"].startswith(entry))
            ),
            None,
        )
        if device is None or device in chosen:
            break
        chosen.append(device)
    return chosen


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


def _first(gpus: list[Device], count: int | None) -> list[Device]:
    if count is not None and count > len(gpus):
        raise SaturnError(
            "no-devices",
            f"{count} GPUs were asked for, but {len(gpus)} "
            f"{'is' if len(gpus) == 1 else 'are'} here.",
            f"Ask for at most {len(gpus)}.",
        )
    return gpus[:count]

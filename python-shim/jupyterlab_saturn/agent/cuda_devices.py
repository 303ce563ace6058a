"""GPUs as devices: which can be used, what is said of the others, and who else uses them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..nvidia_smi import MIB, GpuProcess, gibibytes
from .cpu_devices import memory_bytes
from .driver_report import DriverReport, Gpu, GpuSlice, hint_on
from .visible_devices import names_by_index, visible

if TYPE_CHECKING:
    from ..generated.wire_types import Device, Failure

_SHARES_MEMORY = ("GB10", "Orin", "Thor", "Xavier", "Tegra")
"""Words in the names of GPUs that use the machine's memory: DGX Spark, and the Jetson family."""

_NO_NUMBER = "[N/A]"
_MODES = {"", "Default", "Exclusive_Process", "Exclusive_Thread"}
_FREE = 0.9
_NAMED = 3


@dataclass(frozen=True)
class CudaDevice:
    """A GPU, or a slice of one, that may be used or not.

    Attributes
    ----------
    device
        As a wire ``Device``; None when it cannot be used.
    notice
        Why it cannot be used, or who else uses it.
    """

    gpu: Gpu
    part: GpuSlice | None
    device: Device | None
    notice: Failure | None

    @property
    def index(self) -> int:
        return self.gpu.index

    @property
    def gpu_uuid(self) -> str:
        return self.gpu.uuid

    @property
    def uuid(self) -> str:
        return self.gpu.uuid if self.part is None else self.part.uuid

    @property
    def old_name(self) -> str:
        return "" if self.part is None else f"MIG-{self.gpu.uuid}/{'/'.join(self.part.instances)}"


@dataclass(frozen=True)
class CudaDevices:
    """What a machine has.

    Attributes
    ----------
    idle
        Those that nobody else uses.
    busy
        Those that others use, each with who does.
    notices
        On those that are left out.
    """

    idle: list[Device]
    busy: list[tuple[Device, Failure]]
    notices: list[Failure]

    @property
    def all(self) -> list[Device]:
        """Those that others use come last."""
        return self.idle + [device for device, _ in self.busy]


def cuda_devices(
    report: DriverReport, variable: str | None, own: Collection[str] = ()
) -> CudaDevices:
    """Sort out what the driver tells.

    A process of CUDA's sees one slice of all at most, and no GPU beside it. So slices are used
    when there is nothing else, one for each job.

    Parameters
    ----------
    variable
        ``CUDA_VISIBLE_DEVICES``.
    own
        UUIDs of devices on which jobs of this session are at work: nobody else is asked for
        there, as numbers of processes mean something else in a container.
    """
    found = [one for gpu in report.gpus for one in _devices_of(gpu, own)]
    seen = visible(found, variable)
    notices = [_lost(*lost) for lost in report.lost]
    notices += [one.notice for one in seen if one.device is None and one.notice]
    if names_by_index(variable) and len({gpu.name for gpu in report.gpus}) > 1:
        notices += _told_of_order(variable)
    usable = [one for one in seen if one.device is not None]
    whole = [one for one in usable if one.part is None]
    if whole and len(whole) < len(usable):
        notices.append(_told_of_slices([one for one in usable if one.part is not None]))
    chosen = whole or usable
    return CudaDevices(
        idle=[one.device for one in chosen if one.device and one.notice is None],
        busy=[(one.device, one.notice) for one in chosen if one.device and one.notice],
        notices=notices,
    )


def _devices_of(gpu: Gpu, own: Collection[str]) -> Iterator[CudaDevice]:
    if gpu.slices:
        for part in gpu.slices:
            yield _slice_of(gpu, part, own)
        return
    why = _why_not(gpu, own)
    if why is not None:
        yield CudaDevice(gpu, None, None, why)
        return
    # GPUs that share the machine's memory do not tell how much they have.
    shares = not gpu.total.isdigit()
    device: Device = {
        "id": f"cuda{gpu.index}",
        "kind": "cuda",
        "name": gpu.name,
        "memoryBytes": memory_bytes() if shares else int(gpu.total) * MIB,
        "model": gpu.name if shares else f"{gpu.name}, {gpu.total} MiB",
        "uuid": gpu.uuid,
    }
    _add_capability(device, gpu)
    yield CudaDevice(gpu, None, device, _busy(device, gpu.used, gpu.processes, own))


def _slice_of(gpu: Gpu, part: GpuSlice, own: Collection[str]) -> CudaDevice:
    name = f"{gpu.name} MIG {part.profile}"
    if not _is_open(gpu) or not part.total.isdigit():
        why = f"its memory is {part.total!r}" if _is_open(gpu) else _forbidden(gpu)
        return CudaDevice(gpu, part, None, _left_out(f"Slice {part.uuid} ({name})", why, gpu))
    device: Device = {
        "id": f"cuda{gpu.index}.{part.number}",
        "kind": "cuda",
        "name": name,
        "memoryBytes": int(part.total) * MIB,
        "model": f"{name}, {part.total} MiB",
        "uuid": part.uuid,
        "partition": True,
    }
    _add_capability(device, gpu)
    return CudaDevice(gpu, part, device, _busy(device, part.used, part.processes, own))


def _add_capability(device: Device, gpu: Gpu) -> None:
    with suppress(ValueError):  # not told by older drivers
        device["computeCapability"] = float(gpu.capability)


def _why_not(gpu: Gpu, own: Collection[str]) -> Failure | None:
    which = f"GPU {gpu.index} ({gpu.name})"
    if gpu.divided:
        return {
            "code": "gpu-left-out",
            "message": f"{which} is left out: it is to be divided (MIG), and no slice is seen.",
            "hint": "Make slices with `sudo nvidia-smi mig -cgi 0 -C`, "
            f"or end it with `sudo nvidia-smi -i {gpu.index} -mig 0`.",
        }
    shares = gpu.total == _NO_NUMBER and any(word in gpu.name for word in _SHARES_MEMORY)
    if not gpu.total.isdigit() and not shares:
        return {
            "code": "gpu-left-out",
            "message": f"{which} is left out: asked for its memory, nvidia-smi says {gpu.total!r}.",
            "hint": hint_on(gpu.total),
        }
    if not _is_open(gpu):
        return _left_out(which, _forbidden(gpu), gpu)
    if gpu.mode.startswith("Exclusive") and gpu.processes and gpu.uuid not in own:
        who = _who(gpu.processes)
        return _left_out(which, f"it is for one process at a time, and {who} has it", gpu)
    return None


def _is_open(gpu: Gpu) -> bool:
    """Whether processes may compute on it, as far as that is told: else it says so in brackets."""
    return gpu.mode in _MODES or gpu.mode.startswith("[")


def _forbidden(gpu: Gpu) -> str:
    return f"its compute mode is {gpu.mode}"


def _left_out(which: str, why: str, gpu: Gpu) -> Failure:
    hint = hint_on(gpu.total)
    if gpu.mode not in ("", "Default") and not gpu.mode.startswith("["):
        hint = f"Let processes use it: sudo nvidia-smi -i {gpu.index} -c DEFAULT"
    return {"code": "gpu-left-out", "message": f"{which} is left out: {why}.", "hint": hint}


def _lost(which: str, said: str) -> Failure:
    return {
        "code": "gpu-left-out",
        "message": f"A GPU ({which}) is left out: the driver cannot reach it, and says {said!r}.",
        "hint": hint_on(said),
    }


def _told_of_order(variable: str | None) -> Iterator[Failure]:
    if os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        yield {
            "code": "gpu-order",
            "message": f"The numbers in CUDA_VISIBLE_DEVICES ({variable}) are taken as those of "
            "nvidia-smi. Other programs may number unlike GPUs from the fastest on.",
            "hint": "Set CUDA_DEVICE_ORDER=PCI_BUS_ID for all to agree, or write UUIDs, which "
            "`nvidia-smi -L` lists.",
        }


def _told_of_slices(slices: Sequence[CudaDevice]) -> Failure:
    uuids = ",".join(one.uuid for one in slices)
    return {
        "code": "gpu-left-out",
        "message": "Slices of divided GPUs (MIG) are left out: no job can use one beside a "
        "whole GPU.",
        "hint": f"To use the slices only, start Jupyter with CUDA_VISIBLE_DEVICES={uuids}",
    }


def _busy(
    device: Device, used: str, processes: Sequence[GpuProcess], own: Collection[str]
) -> Failure | None:
    if not used.isdigit() or device["uuid"] in own:
        return None  # that cannot be told
    foreign = int(used) * MIB
    if foreign <= (1 - _FREE) * device["memoryBytes"]:
        return None
    return {
        "code": "gpu-busy",
        "message": f"{device['id']} ({device['name']}) is used by others: {_who(processes)} "
        f"holds {gibibytes(foreign)} of its {gibibytes(device['memoryBytes'])}.",
    }


def _who(processes: Sequence[GpuProcess]) -> str:
    if not processes:
        return "somebody"  # of another container, or drawing the screen
    names = [str(one) for one in processes[:_NAMED]]
    if len(processes) > _NAMED:
        names.append(f"{len(processes) - _NAMED} more")
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))

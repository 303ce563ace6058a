"""The device of a rank: a CUDA GPU, or a virtual one made of CPU cores and a memory limit."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import torch

from ...cuda_errors import HINTS
from ...errors import SaturnError
from .cuda_support import require_kernels, unusable_gpus
from .foreign_memory import ForeignMemory, ask_driver, lists_gpus
from .rank_defaults import allocation, threads

if TYPE_CHECKING:
    from ...generated.wire_types import Device


class RankDevice(Protocol):
    """Where a rank's tensors live, and how much of it they take."""

    @property
    def kind(self) -> Literal["cpu", "cuda"]:
        """As wire ``Device`` objects tell it."""

    @property
    def torch_device(self) -> torch.device:
        """What tensors are moved to."""

    def limit_memory(self) -> None:
        """From now on an allocation beyond the device's memory fails."""

    def unlimited(self) -> AbstractContextManager[None]:
        """Work on host memory, such as saving, which the limit does not concern."""

    def synchronize(self) -> None:
        """Wait until all work given to the device is done."""

    def reset_peak(self) -> None:
        """Forget the peak so far. What counts is more than there was when first called."""

    def peak_bytes(self) -> int:
        """Most memory that tensors took at any time since `reset_peak`.

        What an allocator keeps in reserve does not count, nor does what others have.
        """

    def pressure(self) -> float:
        """The share of the device that was needed since `reset_peak`, with what others have.

        0 where allocations beyond a limit fail in any case.
        """

    def foreign_bytes(self) -> int:
        """What other programs hold of it; 0 when that is too little to matter."""

    def blame(self, error: BaseException) -> BaseException:
        """An error of work on it, or in its place ``device-shared``, when that is the reason."""


class CpuDevice:
    """Some cores of this machine, with a memory limit that gives true out-of-memory errors.

    The limit counts what the rank adds to what the process held when `limit_memory` was called:
    ``RLIMIT_DATA`` (setrlimit(2)) makes the kernel refuse the allocation, and torch raises.
    """

    def __init__(self, cores: Sequence[int], memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._limit = resource.RLIM_INFINITY
        self._baseline: int | None = None
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        if cores and hasattr(os, "sched_setaffinity"):
            try:
                os.sched_setaffinity(0, cores)
            except OSError as error:
                raise SaturnError(
                    "no-core",
                    f"This process may not run on the cores {sorted(cores)}: {error.strerror}.",
                    "Set the devices again with %saturn cluster.",
                ) from error
        torch.set_num_threads(max(1, len(cores)))
        if len(cores) > 1:
            # Starts the thread pool, whose stacks should not count against the limit.
            torch.ones(1 << 18).add_(1)

    @property
    def kind(self) -> Literal["cpu", "cuda"]:
        return "cpu"

    @property
    def torch_device(self) -> torch.device:
        return torch.device("cpu")

    def limit_memory(self) -> None:
        if self._memory_bytes == 0 or not Path("/proc/self/status").exists():
            return
        self._limit = _status_bytes("VmData") + self._memory_bytes
        _set_limit(self._limit)

    @contextmanager
    def unlimited(self) -> Iterator[None]:
        _set_limit(resource.RLIM_INFINITY)
        try:
            yield
        finally:
            _set_limit(self._limit)

    def synchronize(self) -> None:
        return

    def reset_peak(self) -> None:
        # proc(5): writing 5 resets the peak of the resident set to its current size.
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        if self._baseline is None:
            self._baseline = _status_bytes("VmRSS")

    def peak_bytes(self) -> int:
        return max(0, _status_bytes("VmHWM") - (self._baseline or 0))

    def pressure(self) -> float:
        return 0.0

    def foreign_bytes(self) -> int:
        return 0

    def blame(self, error: BaseException) -> BaseException:
        return error


class CudaDevice:
    """A GPU. The rank sees the GPUs of its group and no other."""

    def __init__(self, devices: Sequence[Device], rank: int) -> None:
        uuids = [device["uuid"] for device in devices]
        # Read when CUDA starts, so it must not have started in this process.
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(uuids)
        os.environ.update(allocation(os.environ))
        usable = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if usable < max(1, len(uuids)):
            _refuse_lost(devices, usable)
            raise unusable_gpus(uuids)
        require_kernels(rank)
        self._device = torch.device("cuda", rank)
        self._foreign = ForeignMemory(uuids[rank], self._device)
        self._foreign.wait()
        self._retries = 0
        # A forked rank is told to use one, a cold one all of them.
        torch.set_num_threads(threads(max(len(uuids), _gpus_of_node())))

    @property
    def kind(self) -> Literal["cpu", "cuda"]:
        return "cuda"

    @property
    def torch_device(self) -> torch.device:
        return self._device

    def limit_memory(self) -> None:
        return  # the hardware does

    @contextmanager
    def unlimited(self) -> Iterator[None]:
        yield

    def synchronize(self) -> None:
        torch.cuda.synchronize(self._device)

    def reset_peak(self) -> None:
        torch.cuda.reset_peak_memory_stats(self._device)
        self._retries = self._allocation_retries()

    def peak_bytes(self) -> int:
        return torch.cuda.max_memory_allocated(self._device)

    def pressure(self) -> float:
        if self._allocation_retries() - self._retries > 1:
            return 1.0  # time and again it had to give back all that it kept in reserve
        free, total = torch.cuda.mem_get_info(self._device)
        # Of other processes, and the context of this one.
        besides = max(0, total - free - torch.cuda.memory_reserved(self._device))
        return (self.peak_bytes() + besides) / total

    def _allocation_retries(self) -> int:
        return int(torch.cuda.memory_stats(self._device).get("num_alloc_retries", 0))

    def foreign_bytes(self) -> int:
        return self._foreign.held_bytes()

    def blame(self, error: BaseException) -> BaseException:
        return self._foreign.blame(error)


def claim(devices: Sequence[Device], rank: int) -> RankDevice:
    """Take a rank's place among the wire ``Device`` objects of its group.

    Raises
    ------
    SaturnError
        ``no-core`` or ``no-gpu`` when the device is not to be had, ``device-lost`` when it was,
        ``device-shared`` when others leave nothing of it.
    """
    mine = devices[rank]
    if mine["kind"] == "cuda":
        return CudaDevice(devices, rank)
    return CpuDevice(mine.get("cores", ()), mine["memoryBytes"])


def _refuse_lost(devices: Sequence[Device], usable: int) -> None:
    """Raise SaturnError ``device-lost`` when GPUs are gone, and not all of CUDA.

    CUDA hides with a GPU that it does not find all that are named after it.
    """
    listed = ask_driver("-L")
    known = lists_gpus(listed)
    lost = [device for device in devices if known and device["uuid"] not in listed]
    if not lost and usable > 0:
        lost = [devices[usable]]
    if lost:
        names = ", ".join(f"{device['id']} ({device['uuid']})" for device in lost)
        raise SaturnError(
            "device-lost",
            f"The GPU {names} is not there any more."
            if len(lost) == 1
            else f"The GPUs {names} are not there any more.",
            HINTS["device-lost"],
            devices=[device["id"] for device in lost],
        )


def lift_memory_limit() -> None:
    """Let a process that works for a rank on host memory, such as loading, take what it needs."""
    _set_limit(resource.RLIM_INFINITY)


def _gpus_of_node() -> int:
    """GPUs of the machine, whichever this process sees; 0 where that cannot be told."""
    with suppress(OSError):
        return max(0, torch.cuda._raw_device_count_nvml())
    return 0


def _set_limit(soft: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _status_bytes(field: str) -> int:
    """A field of proc_pid_status(5), 0 where there is none."""
    with suppress(OSError), Path("/proc/self/status").open() as lines:
        for line in lines:
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return 0

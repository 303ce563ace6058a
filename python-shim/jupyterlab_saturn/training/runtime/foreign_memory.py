"""Memory of a GPU that other programs hold: other users', this user's notebooks'."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

import torch

from ...errors import SaturnError
from ...nvidia_smi import (
    MIB,
    PROCESSES,
    GpuProcess,
    ask_tool,
    find_tool,
    gibibytes,
    processes_of,
)
from .failure import is_out_of_device_memory, user_traceback

_FREE_SHARE = 0.9
"""A GPU with as much of its memory free is one's own: contexts and screens have the rest."""
_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.25
_WAIT_HINT = "Wait until they are done, or end them."
_TOOL_SECONDS = 30.0
_UNITS = {"bytes": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}
_LISTS_GPUS = re.compile(r"UUID: |Unable to determine the device handle")


class ForeignMemory:
    """What other programs hold of the GPU that this process has taken, as far as can be told."""

    def __init__(self, uuid: str, device: torch.device) -> None:
        self._uuid = uuid
        self._device = device
        self._at_first = 0

    def wait(self) -> None:
        """Begin with the GPU, once the driver has given back what a job before this one had of it.

        A driver does so late, as the last of the job's processes ends. To be called before this
        process holds anything of the GPU: a full one has no room for its context.

        Raises
        ------
        SaturnError
            ``device-shared`` where that stays so.
        """
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                torch.cuda.set_device(self._device)
                free, total = torch.cuda.mem_get_info(self._device)
            except RuntimeError as error:
                if not is_out_of_device_memory(error):
                    raise
                if time.monotonic() >= end:
                    raise _full() from error
            else:
                if torch.cuda.get_device_properties(self._device).is_integrated:
                    return  # it is the machine's memory
                if free >= _FREE_SHARE * total:
                    return
                if time.monotonic() >= end:
                    self._at_first = total - free
                    return
            time.sleep(_LOOK_SECONDS)

    def held_bytes(self) -> int:
        """What others hold, or held at first; 0 when it is too little to matter."""
        return self._held_by(self.holders())

    def holders(self) -> list[GpuProcess]:
        """The programs, the greatest first; none where the driver does not tell."""
        found = processes_of(ask_driver(*PROCESSES)).get(self._uuid, [])
        others = [process for process in found if process.pid != os.getpid()]
        if len(others) == len(found):
            return []  # a container: these are numbers of processes as its host knows them
        return sorted(others, key=lambda process: -(process.used or 0))

    def blame(self, error: BaseException) -> BaseException:
        """An error, or ``device-shared`` in its place when others' memory was what lacked.

        A task that needs more than all of the GPU has nobody else to blame.
        """
        if not is_out_of_device_memory(error):
            return error
        holders = self.holders()  # once: the agent waits only so long for the last words of ranks
        held, total = self._held_by(holders), self._total()
        needed = torch.cuda.max_memory_allocated(self._device) + _asked_bytes(str(error))
        if held == 0 or needed > total:
            return error
        shared = _shared(held, total, holders)
        shared.traceback = user_traceback(error)
        return shared

    def _held_by(self, holders: Sequence[GpuProcess]) -> int:
        held = max(self._at_first, sum(holder.used or 0 for holder in holders))
        return held if held > (1 - _FREE_SHARE) * self._total() else 0

    def _total(self) -> int:
        return torch.cuda.get_device_properties(self._device).total_memory


def _shared(held: int, total: int, holders: list[GpuProcess]) -> SaturnError:
    who = f": {', '.join(map(str, holders[:4]))}" if holders else ""
    kernels = any(holder.is_own_kernel for holder in holders)
    return SaturnError(
        "device-shared",
        f"The GPU ran out of memory while other programs hold {gibibytes(held)} of its "
        f"{gibibytes(total)}{who}.",
        "Restart the kernel that holds it, or delete there what is on the GPU and call "
        "torch.cuda.empty_cache()."
        if kernels
        else _WAIT_HINT,
    )


def _full() -> SaturnError:
    message = "Other programs hold so much of the GPU's memory that nothing can begin there."
    return SaturnError("device-shared", message, _WAIT_HINT)


def _asked_bytes(text: str) -> int:
    """What PyTorch was asked for when it had no more, by its message."""
    found = re.search(r"Tried to allocate ([\d.]+) (bytes|KiB|MiB|GiB)", text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else 0


def lists_gpus(said: str) -> bool:
    """Whether the tool could ask the driver for GPUs, so that one it does not list is gone."""
    return _LISTS_GPUS.search(said) is not None


def ask_driver(*words: str) -> str:
    """What nvidia-smi answers; nothing when it does not."""
    tool = find_tool()
    if tool is not None:
        with suppress(OSError, subprocess.SubprocessError):
            return ask_tool(tool, *words, seconds=_TOOL_SECONDS)
    return ""

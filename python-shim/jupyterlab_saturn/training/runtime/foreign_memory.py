"""Memory of a GPU that other programs hold: other users', this user's notebooks'."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from ...errors import SaturnError
from .failure import is_out_of_device_memory, user_traceback

_FREE_SHARE = 0.9
"""A GPU with as much of its memory free is one's own: contexts and screens have the rest."""
_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.25
_MIB = 1024 * 1024
_UNITS = {"bytes": 1, "KiB": 1024, "MiB": _MIB, "GiB": 1024 * _MIB}
_APPS = ("--query-compute-apps=gpu_uuid,pid,process_name,used_memory", "--format=csv,noheader")


@dataclass(frozen=True)
class Holder:
    """A program that holds memory of a GPU."""

    pid: int
    name: str
    held_bytes: int | None

    def __str__(self) -> str:
        size = "" if self.held_bytes is None else f" with {self.held_bytes / 1e9:.1f} GB"
        return f"{self._title()} (process {self.pid}){size}"

    @property
    def is_kernel(self) -> bool:
        """Whether it is the kernel of a notebook of this user's."""
        with suppress(psutil.Error):
            process = self._process()
            mine: bool = process.uids().real == os.getuid()
            return mine and any("ipykernel" in word for word in process.cmdline())
        return False

    def _process(self) -> Any:
        return psutil.Process(self.pid)  # type: ignore[no-untyped-call]

    def _title(self) -> str:
        if not self.is_kernel:
            return self.name
        with suppress(psutil.Error):
            # Jupyter Server tells a kernel which notebook it is for.
            notebook = self._process().environ().get("JPY_SESSION_NAME", "")
            if notebook:
                return f"the kernel of {Path(notebook).name}"
        return "a kernel of yours"


class ForeignMemory:
    """What other programs hold of the GPU that this process has taken, as far as can be told."""

    def __init__(self, uuid: str, device: torch.device) -> None:
        self._uuid = uuid
        self._device = device
        self._at_first = 0

    def wait(self) -> None:
        """Note what others hold, once the driver has given back what a job before this one had.

        A driver does so late, as the last of the job's processes ends. To be called before this
        process holds anything but its context.
        """
        if torch.cuda.get_device_properties(self._device).is_integrated:
            return  # it is the machine's memory
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            free, total = torch.cuda.mem_get_info(self._device)
            if free >= _FREE_SHARE * total:
                return
            if time.monotonic() >= end:
                self._at_first = total - free
                return
            time.sleep(_LOOK_SECONDS)

    def held_bytes(self) -> int:
        """What others hold, or held at first; 0 when it is too little to matter."""
        total = torch.cuda.get_device_properties(self._device).total_memory
        told = sum(holder.held_bytes or 0 for holder in self.holders())
        held = max(self._at_first, told)
        return held if held > (1 - _FREE_SHARE) * total else 0

    def holders(self) -> list[Holder]:
        """The programs, the greatest first; none where the driver does not tell."""
        rows = [row for row in _compute_apps() if row[0] == self._uuid and row[1].isdigit()]
        if not any(int(pid) == os.getpid() for _, pid, *_ in rows):
            return []  # a container: these are numbers of processes as its host knows them
        found = [
            Holder(int(pid), Path(name).name, _bytes_of(used))
            for _, pid, name, used in rows
            if int(pid) != os.getpid()
        ]
        return sorted(found, key=lambda holder: -(holder.held_bytes or 0))

    def blame(self, error: BaseException) -> BaseException:
        """An error, or ``device-shared`` in its place when others' memory was what lacked.

        A task that needs more than all of the GPU has nobody else to blame.
        """
        if not is_out_of_device_memory(error):
            return error
        held = self.held_bytes()
        total = torch.cuda.get_device_properties(self._device).total_memory
        needed = torch.cuda.max_memory_allocated(self._device) + _asked_bytes(str(error))
        if held == 0 or needed > total:
            return error
        shared = _shared(held, total, self.holders())
        shared.traceback = user_traceback(error)
        return shared


def _shared(held: int, total: int, holders: list[Holder]) -> SaturnError:
    who = f": {', '.join(map(str, holders[:4]))}" if holders else ""
    kernels = any(holder.is_kernel for holder in holders)
    return SaturnError(
        "device-shared",
        f"The GPU ran out of memory while other programs hold {held / 1e9:.1f} of its "
        f"{total / 1e9:.1f} GB{who}.",
        "Restart the kernel that holds it, or delete there what is on the GPU and call "
        "torch.cuda.empty_cache()."
        if kernels
        else "Wait until they are done, or end them.",
    )


def _asked_bytes(text: str) -> int:
    """What PyTorch was asked for when it had no more, by its message."""
    found = re.search(r"Tried to allocate ([\d.]+) (bytes|KiB|MiB|GiB)", text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else 0


def _bytes_of(used: str) -> int | None:
    size = used.removesuffix("MiB").strip()
    return int(size) * _MIB if size.isdigit() else None


def _compute_apps() -> list[list[str]]:
    answer = ask_driver(*_APPS)
    rows = csv.reader((answer or "").splitlines(), skipinitialspace=True)
    return [row for row in rows if len(row) == 4]


def ask_driver(*options: str) -> str | None:
    """What ``nvidia-smi`` answers; None when it does not."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(
            [tool, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
        return answer.stdout if answer.returncode == 0 else None
    return None

"""NVIDIA's tool, nvidia-smi, and those who it says compute on GPUs."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import psutil

MIB = 1024 * 1024
WSL_FOLDER = Path("/usr/lib/wsl/lib")
"""Where Windows puts the tool for Linux within it, which is not always on PATH."""

_LOOK_SECONDS = 0.1

_PROCESS = ("gpu_uuid", "pid", "process_name", "used_memory")
PROCESSES = (f"--query-compute-apps={','.join(_PROCESS)}", "--format=csv,noheader")
"""What it is asked for processes."""


@dataclass(frozen=True)
class GpuProcess:
    """A process that computes on a GPU; its memory in bytes, None where it is not told.

    As text it is what users call it: the kernel of a notebook, where that can be seen.
    """

    pid: int
    name: str
    used: int | None

    def __str__(self) -> str:
        size = "" if self.used is None else f", {gibibytes(self.used)}"
        return f"{self._title()} (process {self.pid}{size})"

    @property
    def is_own_kernel(self) -> bool:
        """Whether it is the kernel of a notebook of this user's."""
        with suppress(psutil.Error):
            return bool(self._process().uids().real == os.getuid()) and self._is_kernel()
        return False

    def _title(self) -> str:
        with suppress(psutil.Error):
            if self._is_kernel():
                return self._kernel()
        return self.name.rpartition("/")[2]

    def _kernel(self) -> str:
        with suppress(psutil.Error, OSError):
            # Jupyter Server tells a kernel which notebook it is for.
            notebook = self._process().environ().get("JPY_SESSION_NAME", "")
            if notebook:
                return f"the kernel of {Path(notebook).name}"
        return "a notebook's kernel"

    def _is_kernel(self) -> bool:
        return any("ipykernel" in word for word in self._process().cmdline())

    def _process(self) -> Any:
        return psutil.Process(self.pid)  # type: ignore[no-untyped-call]


def find_tool() -> str | None:
    """Where the tool is, if it is installed."""
    return shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path=str(WSL_FOLDER))


def ask_tool(tool: str, *words: str, seconds: float, unwanted: Event | None = None) -> str:
    """What it says; it is ended with all that it has started when it takes longer.

    Its exit status is not asked for: with one lost GPU of many it fails.

    Parameters
    ----------
    unwanted
        Set when nobody waits for the answer any more: it is ended then, too.

    Raises
    ------
    OSError
        When it does not run.
    subprocess.TimeoutExpired
        When it takes longer, or is unwanted.
    """
    process = subprocess.Popen(
        [tool, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,  # but of the same session: it ends with a rank that asks
    )
    with process:
        try:
            answer, complaint = _answer(process, max(0.1, seconds), unwanted)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            raise
    return f"{answer}\n{complaint}"


def _answer(
    process: subprocess.Popen[str], seconds: float, unwanted: Event | None
) -> tuple[str, str]:
    until = time.monotonic() + seconds
    while unwanted is not None and not unwanted.is_set() and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_LOOK_SECONDS)
    left = 0.0 if unwanted is not None else seconds
    return process.communicate(timeout=left)


def processes_of(said: str) -> dict[str, list[GpuProcess]]:
    """Who computes, by the UUIDs of GPUs, of an answer to `PROCESSES`."""
    found: dict[str, list[GpuProcess]] = {}
    for row in csv.reader(said.splitlines(), skipinitialspace=True):
        if len(row) == len(_PROCESS) and row[1].isdigit():
            uuid, pid, name, used = row
            found.setdefault(uuid, []).append(
                GpuProcess(int(pid), program_of(name), bytes_of(used))
            )
    return found


def program_of(told: str) -> str:
    """The program of a command line, as some versions tell: its words may be secrets."""
    return told if told.startswith("[") else (told.split() or [""])[0]


def bytes_of(told: str) -> int | None:
    """Of ``512 MiB``; None where something else is told."""
    number = told.removesuffix("MiB").strip()
    return int(number) * MIB if number.isdigit() else None


def gibibytes(count: float) -> str:
    """Memory in words, in the units of a GPU's driver: ``1.5 GiB``."""
    return f"{count / (1024 * MIB):.1f} GiB"

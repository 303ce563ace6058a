"""GPUs as their driver tells of them."""

from __future__ import annotations

import csv
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

from ..errors import SaturnError
from ..nvidia_smi import (
    PROCESSES,
    GpuProcess,
    ask_tool,
    bytes_of,
    find_tool,
    processes_of,
    program_of,
)

GPUS_FOLDER = Path("/proc/driver/nvidia/gpus")
"""Has a folder for each GPU that the driver knows, named by its place on the bus."""

NO_ANSWER = "has not answered"
"""Words of the error when the tool takes too long."""

# Less than what a kernel waits for its agent.
_PATIENCE_SECONDS = 45.0
_NEEDED = ("index", "uuid", "name", "memory.total", "memory.used", "driver_version")
_NEWER = ("compute_cap", "mig.mode.current", "compute_mode")
"""Fields that not every version of the tool knows."""
_NOT_APPLICABLE = "[N/A]"
_OLD_NOT_APPLICABLE = "[Not Supported]"
_DIVIDED = {"Enabled": True, "Disabled": False, _NOT_APPLICABLE: False}
_LOST = re.compile(r"\[((?:GPU is lost|GPU requires reset|Unknown Error)[^\]]*)\]")
"""What stands in a row instead of values that the GPU does not give any more."""
_NO_HANDLE = re.compile(r"Unable to determine the device handle for\s+(?:GPU\s*)?(.+)", re.I)
_UNKNOWN_FIELD = re.compile(r'Field "([^"]+)" is not a valid field')
_LISTED_GPU = re.compile(r"GPU \d+: .*\(UUID: (GPU-[^)]+)\)")
_LISTED_SLICE = re.compile(r"\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[^)]+)\)")
_HINTS = {
    "version mismatch": "The driver was updated while it was loaded: restart the machine.",
    "GPU is lost": "Restart the machine; if that does not help, the GPU or its slot is at fault.",
    "Unknown Error": "Restart the container, where this is one, else the machine; if that does not "
    "help, the GPU or its slot is at fault.",
    "requires reset": "Reset the GPU with `sudo nvidia-smi --gpu-reset`, or restart the machine.",
    "Insufficient Permissions": "Have this user, or this container, be given access to "
    "/dev/nvidia*.",
    "couldn't communicate": "Install or load NVIDIA's driver, or restart the machine.",
}
_ANY_HINT = "See what nvidia-smi says."


@dataclass(frozen=True)
class GpuSlice:
    """A part of a divided GPU (MIG), with memory in MiB as the tool tells it."""

    uuid: str
    profile: str
    number: int
    instances: tuple[str, str]
    total: str
    used: str
    processes: tuple[GpuProcess, ...] = ()


@dataclass(frozen=True)
class Gpu:
    """A GPU, with memory in MiB as the tool tells it: instead of a number it may say anything.

    Attributes
    ----------
    divided
        Whether it is divided (MIG), so that only its slices can be used; None where that is not
        told, as in some containers: then it is if slices are seen.
    """

    index: int
    uuid: str
    name: str
    total: str
    used: str
    capability: str
    mode: str
    divided: bool | None
    slices: tuple[GpuSlice, ...] = ()
    processes: tuple[GpuProcess, ...] = ()


@dataclass(frozen=True)
class DriverReport:
    """What there is.

    Attributes
    ----------
    lost
        Of GPUs that the tool could not ask: which, and what it says of each.
    """

    gpus: tuple[Gpu, ...]
    lost: tuple[tuple[str, str], ...]
    driver: str | None


def hint_on(said: str) -> str:
    """What to do about something that the tool says."""
    return next((hint for words, hint in _HINTS.items() if words in said), _ANY_HINT)


def ask_driver() -> DriverReport:
    """All GPUs, with those who compute on them. May take seconds.

    Raises
    ------
    SaturnError
        ``no-driver``, ``no-gpu-found``: there seems to be none; ``gpu-unusable``: there is
        something, but the driver does not work.
    """
    tool = find_tool()
    if tool is None:
        raise SaturnError("no-driver", "nvidia-smi is not installed.")
    smi = _Tool(tool)
    rows, lost, said = smi.rows()
    if not rows and not lost:
        code = "no-gpu-found" if _tells_of_none(said) else "gpu-unusable"
        reason = said.splitlines()[0].rstrip(". ") if said else "nothing"
        raise SaturnError(code, f"nvidia-smi says: {reason}.", hint_on(said))
    gpus = [_gpu(row) for row in rows]
    if any(gpu.divided is not False for gpu in gpus):
        slices = smi.slices()
        gpus = [replace(gpu, slices=tuple(slices.get(gpu.uuid, ()))) for gpu in gpus]
    if any(gpu.used != "0" for gpu in gpus):
        computing = smi.processes()
        gpus = [replace(gpu, processes=tuple(computing.get(gpu.uuid, ()))) for gpu in gpus]
    driver = next((row["driver_version"] for row in rows), None)
    return DriverReport(tuple(gpus), tuple(lost), driver)


class _Tool:
    """The tool, which is asked several things and given so much time for all of them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._deadline = time.monotonic() + _PATIENCE_SECONDS

    def rows(self) -> tuple[list[dict[str, str]], list[tuple[str, str]], str]:
        """A row for each GPU, those that could not be asked, and all that was said."""
        fields = [*_NEEDED, *_NEWER]
        said = self._query(fields)
        while (unknown := _UNKNOWN_FIELD.search(said)) and unknown[1] in _NEWER:
            fields.remove(unknown[1])
            said = self._query(fields)
        lost = _lost(said, fields)
        rows = _rows(said, fields)
        if lost and not rows and GPUS_FOLDER.is_dir():
            # This version gives up at the first GPU that does not answer.
            for bus in sorted(path.name for path in GPUS_FOLDER.iterdir()):
                one = self._query(fields, "-i", bus)
                rows += _rows(one, fields)
                lost += _lost(one, fields)
        return rows, list(dict.fromkeys(lost)), said.strip()

    def slices(self) -> dict[str, list[GpuSlice]]:
        """Slices by the UUIDs of their GPUs."""
        listed = dict(_listed(self._ask("-L")))
        try:
            log = ElementTree.fromstring(self._ask("-q", "-x"))
        except ElementTree.ParseError:
            return {}
        found: dict[str, list[GpuSlice]] = {}
        for gpu in log.iter("gpu"):
            uuid = gpu.findtext("uuid", "")
            for part in gpu.iter("mig_device"):
                name = listed.get((uuid, part.findtext("index", "")))
                if name is not None:
                    found.setdefault(uuid, []).append(_slice(gpu, part, *name))
        return found

    def processes(self) -> dict[str, list[GpuProcess]]:
        """Who computes, by the UUIDs of GPUs."""
        return processes_of(self._ask(*PROCESSES))

    def _query(self, fields: list[str], *which: str) -> str:
        return self._ask(f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits", *which)

    def _ask(self, *words: str) -> str:
        try:
            return ask_tool(self._path, *words, seconds=self._deadline - time.monotonic())
        except subprocess.TimeoutExpired as error:
            raise SaturnError(
                "gpu-unusable",
                f"nvidia-smi {NO_ANSWER} within {_PATIENCE_SECONDS:.0f} seconds.",
                "See whether `nvidia-smi` answers in a terminal. If it does not, a GPU hangs: "
                "restart the machine. If it is slow, the driver starts anew for each question: "
                "switch persistence mode on with `sudo nvidia-smi -pm 1`, then set the devices "
                "again.",
            ) from error
        except OSError as error:
            raise SaturnError(
                "gpu-unusable", f"nvidia-smi does not run: {error}.", _ANY_HINT
            ) from error


def _rows(said: str, fields: list[str]) -> list[dict[str, str]]:
    return [
        {
            # Another word for the same in older versions; some add units nevertheless.
            name: _NOT_APPLICABLE if value == _OLD_NOT_APPLICABLE else value.removesuffix(" MiB")
            for name, value in zip(fields, row, strict=True)
        }
        for row in csv.reader(said.splitlines(), skipinitialspace=True)
        if _is_row(row, fields)
    ]


def _is_row(row: list[str], fields: list[str]) -> bool:
    return len(row) == len(fields) and row[0].isdigit()


def _lost(said: str, fields: list[str]) -> list[tuple[str, str]]:
    """GPUs without a row of values: which, and what is said of each."""
    lost = [_whose(found[1]) for found in _NO_HANDLE.finditer(said)]
    number = 0
    for line in said.splitlines():
        row = next(csv.reader([line], skipinitialspace=True), [])
        if _is_row(row, fields):
            number = int(row[0]) + 1
        elif found := _LOST.search(line):
            lost.append((str(number), found[1]))
            number += 1
    return lost


def _gpu(row: dict[str, str]) -> Gpu:
    return Gpu(
        index=int(row["index"]),
        uuid=row["uuid"],
        name=row["name"],
        total=row["memory.total"],
        used=row["memory.used"],
        capability=row.get("compute_cap", ""),
        mode=row.get("compute_mode", ""),
        # Versions that do not know of slices have none.
        divided=_DIVIDED.get(row.get("mig.mode.current", _NOT_APPLICABLE)),
    )


def _listed(said: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """UUIDs and profiles of slices, by the UUIDs of their GPUs and their numbers there."""
    uuid = ""
    for line in said.splitlines():
        if gpu := _LISTED_GPU.match(line):
            uuid = gpu[1]
        elif part := _LISTED_SLICE.match(line):
            yield (uuid, part[2]), (part[3], part[1])


def _slice(
    gpu: ElementTree.Element, part: ElementTree.Element, uuid: str, profile: str
) -> GpuSlice:
    instance = part.findtext("gpu_instance_id", "")
    return GpuSlice(
        uuid=uuid,
        profile=profile,
        number=int(part.findtext("index", "0")),
        instances=(instance, part.findtext("compute_instance_id", "")),
        total=part.findtext("fb_memory_usage/total", "").removesuffix(" MiB"),
        used=part.findtext("fb_memory_usage/used", "").removesuffix(" MiB"),
        processes=tuple(
            GpuProcess(
                int(one.findtext("pid", "0")),
                program_of(one.findtext("process_name", "")),
                bytes_of(one.findtext("used_memory", "")),
            )
            for one in gpu.iter("process_info")
            if one.findtext("gpu_instance_id") == instance
        ),
    )


def _whose(said: str) -> tuple[str, str]:
    """Of ``3: 0000:04:00.0: Unknown Error``: which GPU, and what is said of it."""
    which, _, what = said.strip().rpartition(": ")
    return which, what.rstrip(". ")


def _tells_of_none(said: str) -> bool:
    """Whether this is said where there is no GPU, or no driver, which is not always a fault."""
    return not said or "No devices were found" in said or "couldn't communicate" in said

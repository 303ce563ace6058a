"""A fake ``nvidia-smi`` that answers for a described machine, so that no GPU is needed.

``FakeDriver(cards=(Card(),)).install(folder, monkeypatch)`` puts it first on PATH. Formats follow
the tool's own (``nvidia-smi --help-query-gpu``, ``-q -x``, ``-L``) as found in public reports.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fake_driver_xml import bus_id, free_memory, gpu_element, mebibytes

if TYPE_CHECKING:
    import pytest

NOT_APPLICABLE = "[N/A]"
LOST = "GPU is lost.  Reboot the system to recover this GPU"
MISMATCH = (
    "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.86"
)
UNREACHABLE = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure "
    "that the latest NVIDIA driver is installed and running."
)
NO_CARD = "No devices were found"


@dataclass(frozen=True)
class Process:
    """What computes on a card, or on one of its slices, by the slice's instance id."""

    pid: int
    name: str = "python"
    used: int | str = 1024
    instance: int | None = None


@dataclass(frozen=True)
class Slice:
    """A MIG device; sizes are MiB."""

    uuid: str
    profile: str = "1g.10gb"
    instance: int = 7
    compute: int = 0
    total: int | str = 9856
    used: int | str = 15


@dataclass(frozen=True)
class Card:
    """A GPU; sizes are MiB. Texts where numbers belong are told as they are.

    Attributes
    ----------
    mig
        ``None`` on cards that cannot be divided.
    handle
        Why its handle is not to be had: the tool then says so and leaves the card out.
    fields
        Answers to any ``--query-gpu`` field that differ from what follows from the rest.
    """

    uuid: str = "GPU-00000000-5b0f-1d2c-8e4b-0a1b2c3d4e5f"
    name: str = "NVIDIA H100 80GB HBM3"
    total: int | str = 81559
    used: int | str = 4
    capability: str = "9.0"
    mode: str = "Default"
    persistence: str = "Enabled"
    ecc: int | str = 0
    mig: bool | None = None
    slices: tuple[Slice, ...] = ()
    processes: tuple[Process, ...] = ()
    handle: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def numbered(self, index: int) -> Card:
        """The same kind of card with a UUID of its own."""
        return replace(self, uuid=f"GPU-{index}{self.uuid[5:]}")


@dataclass(frozen=True)
class FakeDriver:
    """A machine as its driver describes it.

    Attributes
    ----------
    code
        Exit status; that of the tool when absent.
    says
        All that is printed, whatever is asked, such as `MISMATCH` (its exit status is 18).
    seconds
        How long each answer takes.
    unknown
        Fields of ``--query-gpu`` that this version does not know.
    bails
        Whether a card without a handle ends the answer, as in older versions.
    links
        Between each two cards, in ``topo -m``.
    """

    cards: tuple[Card, ...] = ()
    version: str = "570.86.15"
    cuda: str = "12.8"
    code: int | None = None
    says: str | None = None
    seconds: float = 0.0
    unknown: tuple[str, ...] = ()
    bails: bool = False
    links: str = "NV18"

    def install(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Put the tool first on PATH, no device hidden, PyTorch built for CUDA; its path."""
        # Not above: the tool itself knows no package.
        from jupyterlab_saturn.agent import torch_build

        build = torch_build.TorchBuild("2.13.0+cu126", cuda="12.6")
        monkeypatch.setattr(torch_build, "installed_build", lambda: build)
        folder.mkdir(parents=True, exist_ok=True)
        tool = folder / "nvidia-smi"
        tool.write_text(
            f"#!{sys.executable} -SE\n"
            "import sys\n"
            f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            "from fake_driver import *\n"
            f"sys.exit({self!r}.answer(sys.argv[1:]))\n"
        )
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ.get('PATH', '')}")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        return tool

    def answer(self, asked: Sequence[str]) -> int:
        """Print what the tool prints when called with such arguments; its exit status."""
        time.sleep(self.seconds)
        lines, code = self._answer(list(asked)) if self.says is None else ([self.says], 0)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return code if self.code is None else self.code

    def _answer(self, asked: list[str]) -> tuple[list[str], int]:
        options = dict(option.partition("=")[::2] for option in asked)
        if "--version" in options:
            return [
                f"NVIDIA-SMI version  : {self.version}",
                "NVML version        : 570.86",
                f"DRIVER version      : {self.version}",
                f"CUDA Version        : {self.cuda}",
            ], 0
        if not self.cards:
            return [NO_CARD], 6
        cards, problems = self._reachable(asked)
        code = 15 if self.bails and problems else 0
        if "--query-gpu" in options:
            names = options["--query-gpu"].split(",")
            for name in names:
                if name in self.unknown or name not in self._fields(0, Card()):
                    return [f'Field "{name}" is not a valid field to query.'], 2
            rows = [[self._fields(index, card)[name] for name in names] for index, card in cards]
            return [*problems, *_table(names, rows, options["--format"])], code
        if "--query-compute-apps" in options:
            names = options["--query-compute-apps"].split(",")
            apps = [
                {
                    "gpu_uuid": card.uuid,
                    "gpu_bus_id": bus_id(index),
                    "gpu_name": card.name,
                    "pid": str(process.pid),
                    "process_name": process.name,
                    "name": process.name,
                    "used_memory": mebibytes(process.used, options["--format"]),
                    "used_gpu_memory": mebibytes(process.used, options["--format"]),
                }
                for index, card in cards
                for process in card.processes
            ]
            rows = [[app[name] for name in names] for app in apps]
            return _table(names, rows, options["--format"]), code
        if "-L" in options:
            return [*problems, *(line for one in cards for line in _listed(*one))], code
        if "-x" in options:
            return self._xml(cards), code
        if "topo" in options:
            return self._topology(), 0
        return [f"NVIDIA-SMI {self.version}  CUDA Version: {self.cuda}"], code

    def _reachable(self, asked: list[str]) -> tuple[list[tuple[int, Card]], list[str]]:
        """Cards asked for, by their indices, and what is said of those without a handle."""
        chosen = next(
            (asked[at + 1] for at, one in enumerate(asked) if one in ("-i", "--id")), None
        )
        cards: list[tuple[int, Card]] = []
        problems: list[str] = []
        for index, card in enumerate(self.cards):
            if chosen is not None and chosen not in (str(index), card.uuid, bus_id(index)[4:]):
                continue
            if card.handle is None:
                cards.append((index, card))
                continue
            problems.append(
                "Unable to determine the device handle for "
                f"GPU{index}: {bus_id(index)[4:]}: {card.handle}"
            )
            if self.bails:
                return [], problems
        return cards, problems

    def _fields(self, index: int, card: Card) -> dict[str, str]:
        known = {
            "index": str(index),
            "uuid": card.uuid,
            "gpu_uuid": card.uuid,
            "name": card.name,
            "gpu_name": card.name,
            "memory.total": str(card.total),
            "memory.used": str(card.used),
            "memory.free": free_memory(card.total, card.used),
            "utilization.gpu": "0",
            "compute_cap": card.capability,
            "compute_mode": card.mode,
            "persistence_mode": card.persistence,
            "mig.mode.current": {None: NOT_APPLICABLE, True: "Enabled", False: "Disabled"}[
                card.mig
            ],
            "driver_version": self.version,
            "pci.bus_id": bus_id(index),
            "ecc.mode.current": "Enabled" if isinstance(card.ecc, int) else card.ecc,
            "ecc.errors.uncorrected.volatile.total": str(card.ecc),
            "count": str(len(self.cards)),
        }
        return {**known, **card.fields}

    def _xml(self, cards: list[tuple[int, Card]]) -> list[str]:
        return [
            '<?xml version="1.0" ?>',
            '<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">',
            "<nvidia_smi_log>",
            f"<driver_version>{self.version}</driver_version>",
            f"<cuda_version>{self.cuda}</cuda_version>",
            f"<attached_gpus>{len(self.cards)}</attached_gpus>",
            *(line for index, card in cards for line in gpu_element(index, card)),
            "</nvidia_smi_log>",
        ]

    def _topology(self) -> list[str]:
        names = [f"GPU{index}" for index in range(len(self.cards))]
        rows = [
            "\t".join([name, *("X" if name == other else self.links for other in names)])
            for name in names
        ]
        return ["\t".join(["", *names]), *rows]


def _table(names: list[str], rows: list[list[str]], how: str) -> list[str]:
    head = [] if "noheader" in how else [", ".join(names)]
    return [*head, *(", ".join(row) for row in rows)]


def _listed(index: int, card: Card) -> Iterator[str]:
    yield f"GPU {index}: {card.name} (UUID: {card.uuid})"
    for number, part in enumerate(card.slices):
        yield f"  MIG {part.profile:<11} Device {number:>2}: (UUID: {part.uuid})"

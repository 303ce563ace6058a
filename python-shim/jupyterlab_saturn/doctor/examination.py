"""The whole examination: what is looked at, then what is tried."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ..agent.device_discovery import discover
from ..paths import SessionPaths
from .deep_exercises import DEEP
from .defaults_check import check_defaults
from .engine_check import check_engine, check_node
from .exercise_process import exercised
from .finding import Finding, broken, guarded
from .gpu_check import check_devices, check_nccl, check_torch
from .host_check import (
    check_clock,
    check_limits,
    check_network,
    check_shared_memory,
    check_user_namespaces,
)
from .installation_check import check_extension, check_versions
from .machine import Machine
from .quick_exercises import QUICK
from .storage_check import check_disk, check_home, check_runtime, session_disk

_CPU_DEVICES = 2
_DEEP_CPU_DEVICES = 4
_DEEP_BYTES = 10**9
_NOT_TRIED = Finding(
    "exercises",
    "warning",
    "What takes minutes was not tried, since something above is broken.",
    "Mend that first.",
)


def examine(deep: bool = False) -> Iterator[Finding]:
    """What is found on this machine, in turn. Never raises, and leaves nothing behind."""
    machine = Machine()
    paths = SessionPaths("doctor", _folder(machine.home))
    try:
        sound = True
        for name, look in _checks(machine, paths, deep):
            finding = guarded(name, look)
            sound = sound and finding.status != "broken"
            yield finding
        if deep and not sound:
            yield _NOT_TRIED
            return
        try:
            exercises = (*QUICK, *DEEP) if deep else QUICK
            yield from exercised(exercises, paths, _exercise_node(machine, deep))
        except Exception as error:
            yield broken("exercises", error)
    finally:
        machine.close()
        for session in paths.folder.parent.glob("*"):
            shutil.rmtree(SessionPaths.of_folder(session).runtime, ignore_errors=True)
        shutil.rmtree(paths.folder.parent, ignore_errors=True)


def _checks(
    machine: Machine, paths: SessionPaths, deep: bool
) -> Iterator[tuple[str, Callable[[], Finding]]]:
    yield "versions", check_versions
    yield "devices", functools.partial(check_devices, machine)
    try:
        machine.begin_probe()
        gpus = machine.gpus
    except Exception:  # the check of devices has told it
        gpus = 0
    yield "Node.js", check_node
    yield "engine", check_engine
    yield "extension", check_extension
    yield "session folder", functools.partial(check_home, machine.home)
    disk = functools.partial(check_disk, machine.home)
    yield "disk", functools.partial(disk, _DEEP_BYTES) if deep else disk
    yield "sockets", functools.partial(check_runtime, paths)
    yield "shared memory", functools.partial(check_shared_memory, gpus)
    yield "limits", functools.partial(check_limits, gpus)
    yield "clock", functools.partial(check_clock, paths.folder.parent)
    yield "user namespaces", check_user_namespaces
    yield "network", check_network
    yield "PyTorch", functools.partial(check_torch, machine)
    yield "defaults", lambda: check_defaults(machine.node, os.environ)
    yield "NCCL", functools.partial(check_nccl, machine)


def _folder(home: Path) -> Path:
    """A folder for the doctor's own session: where sessions are kept, if that can be."""
    try:
        return Path(tempfile.mkdtemp(prefix=".saturn-doctor-", dir=session_disk(home)))
    except OSError:
        return Path(tempfile.mkdtemp(prefix="saturn-doctor-"))


def _exercise_node(machine: Machine, deep: bool) -> object:
    if machine.gpus:
        return machine.node
    return discover({"kind": "cpu", "count": _DEEP_CPU_DEVICES if deep else _CPU_DEVICES})

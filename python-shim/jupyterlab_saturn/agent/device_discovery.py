"""What a node can train on: CUDA GPUs, or virtual devices made of CPU cores and memory."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection
from typing import TYPE_CHECKING

from ..errors import SaturnError
from . import torch_build
from .cpu_devices import cpu_devices, memory_bytes, usable_cores
from .cuda_devices import CudaDevices, cuda_devices
from .driver_report import ask_driver
from .gpu_hardware import has_nvidia, other_gpu
from .software_versions import software
from .visible_devices import hides_all

if TYPE_CHECKING:
    from ..generated.wire_types import Device, DeviceRequest, Failure, Node

_TOLD = frozenset({"gpu-unusable", "gpu-unsupported"})
"""Codes of errors that are told where the CPU is used instead."""
_CPU_HINT = "Use virtual CPU devices instead: %saturn cluster --cpu 2"


def discover(request: DeviceRequest, own: Collection[str] = ()) -> Node:
    """This node with the devices a ``DeviceRequest`` asks for, as a wire ``Node``.

    May take seconds: it asks the GPU driver. Its notices tell of GPUs that are left out, and
    why, and of those that others use. GPUs that can be seen but not used are no reason to train
    on the CPU without a word.

    Parameters
    ----------
    own
        UUIDs of devices that jobs of this session hold.

    Raises
    ------
    SaturnError
        ``no-devices``: GPUs were asked for and there are none, or fewer than asked for;
        ``gpu-unusable``: GPUs were asked for, and those that there are do not work;
        ``gpu-unsupported``: they are of another maker than NVIDIA.
    """
    if request["kind"] == "cpu":
        return _cpu_node(request, [])
    try:
        found, driver = _find_gpus(own, asked=request["kind"] == "cuda")
    except SaturnError as error:
        if request["kind"] == "cuda":
            raise
        return _cpu_node(request, [_told(error)] if error.code in _TOLD else [])
    try:
        _require_cuda(found, driver)
    except SaturnError as error:
        if request["kind"] == "cuda":
            raise
        # What else is wrong with them is not to be found only when this is mended.
        busy = [_told_of_use(notice, skipped=False) for _, notice in found.busy]
        return _cpu_node(request, [_told(error), *found.notices, *busy])
    return _node(*_chosen(found, request), software(driver))


def _require_cuda(found: CudaDevices, driver: str | None) -> None:
    """Refuse GPUs that this PyTorch cannot use, with how many there are."""
    try:
        torch_build.require_cuda(torch_build.installed_build(), driver)
    except SaturnError as error:
        count = len(found.all)
        gpus = "There is a GPU" if count == 1 else f"There are {count} GPUs"
        raise SaturnError(
            error.code, f"{gpus} ({found.all[0]['name']}), but {error.message}", error.hint
        ) from error


def _find_gpus(own: Collection[str], *, asked: bool) -> tuple[CudaDevices, str | None]:
    """GPUs that the driver can use, and its version."""
    try:
        report = ask_driver()
    except SaturnError as error:
        if error.code == "gpu-unusable" or has_nvidia():
            raise SaturnError(
                "gpu-unusable",
                f"There is an NVIDIA GPU, but it cannot be used: {error.message}",
                error.hint or "Install NVIDIA's driver.",
            ) from error
        other = other_gpu(torch_build.installed_build(), asked=asked)
        if other is not None:
            raise SaturnError("gpu-unsupported", other, _CPU_HINT) from error
        raise SaturnError(
            "no-devices", f"There is no GPU here that can be used: {error.message}", _CPU_HINT
        ) from error
    variable = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hides_all(variable):
        raise _none_visible("no-devices", variable)
    found = cuda_devices(report, variable, own)
    if not found.all:
        if found.notices:
            raise SaturnError(
                "gpu-unusable",
                " ".join(notice["message"] for notice in found.notices),
                found.notices[0].get("hint"),
            )
        raise _none_visible("gpu-unusable", variable)
    return found, report.driver


def _none_visible(code: str, variable: str | None) -> SaturnError:
    return SaturnError(
        code,
        f"No GPU is visible: CUDA_VISIBLE_DEVICES is {variable!r}.",
        "Change it where Jupyter is started. " + _CPU_HINT,
    )


def _chosen(found: CudaDevices, request: DeviceRequest) -> tuple[list[Device], list[Failure]]:
    """The GPUs to use, and what to know of them: those that others use come last, or not at all."""
    count = request.get("count")
    if count is not None and count > len(found.all):
        raise SaturnError(
            "no-devices",
            f"{count} GPUs were asked for, but {len(found.all)} "
            f"{'is' if len(found.all) == 1 else 'are'} here.",
            " ".join(
                [
                    f"Ask for at most {len(found.all)}.",
                    *(notice["message"] for notice in found.notices),
                ]
            ),
        )
    skips = request["kind"] == "auto" and count is None and bool(found.idle)
    devices = found.idle if skips else found.all[:count]
    told = [
        _told_of_use(notice, skipped=skips)
        for device, notice in found.busy
        if skips or device in devices
    ]
    return devices, [*found.notices, *told]


def _told_of_use(notice: Failure, *, skipped: bool) -> Failure:
    if skipped:
        return {
            **notice,
            "message": f"{notice['message']} It is left out.",
            "hint": "To use it all the same: %saturn cluster --gpu all",
        }
    return {
        **notice,
        "hint": "What is measured on it holds only while they use it. End them, or choose fewer "
        "GPUs, e.g. %saturn cluster --gpu 1",
    }


def _told(error: SaturnError) -> Failure:
    return {**error.to_json(), "message": f"{error.message} So tasks are trained on the CPU."}


def _cpu_node(request: DeviceRequest, notices: list[Failure]) -> Node:
    devices = cpu_devices(
        usable_cores(),
        memory_bytes(),
        count=request.get("count"),
        memory=request.get("memoryBytes"),
    )
    return _node(devices, notices, software())


def _node(devices: list[Device], notices: list[Failure], versions: str) -> Node:
    node: Node = {
        "id": platform.node() or "localhost",
        "devices": devices,
        "software": versions,
    }
    if notices:
        node["notices"] = notices
    return node

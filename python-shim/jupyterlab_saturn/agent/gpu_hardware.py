"""Whose GPUs a machine has, as the operating system tells it: no driver is asked."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from .torch_build import TorchBuild

ROOT = Path("/")

_NVIDIA, _AMD, _INTEL = "0x10de", "0x1002", "0x8086"
_DISPLAY = "0x03"  # PCI class of display controllers, 3D ones among them
_NVIDIA_FILES = ("dev/nvidia0", "dev/nvhost-gpu", "proc/driver/nvidia/gpus")


def has_nvidia() -> bool:
    """Whether there is a GPU of NVIDIA, however its driver does."""
    return _NVIDIA in _vendors() or any((ROOT / file).exists() for file in _NVIDIA_FILES)


def other_gpu(build: TorchBuild | None, *, asked: bool) -> str | None:
    """That there is a GPU which is not used, as it is of another maker; None when there is not.

    Parameters
    ----------
    build
        The PyTorch that is installed.
    asked
        Whether GPUs were asked for. Else those are not told of which PyTorch could not use
        either, such as the part of a processor that draws the screen.
    """
    ours = "Tasks are trained on NVIDIA GPUs (CUDA) or on the CPU, not on"
    if platform.system() == "Darwin":
        if platform.machine() == "arm64":
            return f"{ours} the GPU of Apple's chips (MPS)."
        return None
    vendors = set(_vendors())
    if (build and build.hip) or (_AMD in vendors and (asked or (ROOT / "dev/kfd").exists())):
        return f"{ours} AMD GPUs (ROCm)."
    if (build and build.xpu) or (_INTEL in vendors and asked):
        return f"{ours} Intel GPUs (XPU)."
    return None


def _vendors() -> Iterator[str]:
    for device in (ROOT / "sys/bus/pci/devices").glob("*"):
        try:
            if (device / "class").read_text().startswith(_DISPLAY):
                yield (device / "vendor").read_text().strip()
        except OSError:
            continue

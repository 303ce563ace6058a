"""Why PyTorch cannot use a GPU, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import torch

from ...errors import SaturnError

DRIVER_FILE = Path("/proc/driver/nvidia/version")
_ARCHITECTURE = re.compile(r"(sm|compute)_(\d+)(\d)([af]?)")
_INSTALL = (
    "Install a PyTorch that fits the driver and the GPU (https://pytorch.org/get-started/locally)"
)
_FABRIC = (
    "GPUs behind NVSwitch need NVIDIA's fabric manager, in the version of the driver: "
    "sudo systemctl start nvidia-fabricmanager"
)
_LOOK = "See with nvidia-smi whether they work, then set them with %saturn cluster."


def unusable_gpus(uuids: Sequence[str]) -> SaturnError:
    """The error of a rank whose GPUs are not to be had, with PyTorch's own reason for it.

    Starts CUDA in this process, where that is possible.
    """
    reason = ""
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        reason = f" {str(error).splitlines()[0].rstrip('.')}." if str(error) else ""
    if "system not yet initialized" in reason:
        hint = _FABRIC
    elif torch.version.cuda is None or "driver" in reason.lower():
        hint = f"{_INSTALL}, or update the driver."
    else:
        hint = _LOOK
    return SaturnError(
        "no-gpu",
        f"Of the GPUs {', '.join(uuids)} only {torch.cuda.device_count()} can be used by "
        f"{_versions()}.{reason}",
        hint,
    )


def require_kernels(index: int) -> None:
    """Refuse a GPU of a generation that this PyTorch was not built for.

    Raises
    ------
    SaturnError
        ``no-gpu``.
    """
    built = [name for name in torch.cuda.get_arch_list() if _ARCHITECTURE.fullmatch(name)]
    major, minor = torch.cuda.get_device_capability(index)
    if built and not covers(built, major, minor):
        raise SaturnError(
            "no-gpu",
            f"{torch.cuda.get_device_name(index)} is of compute capability {major}.{minor}, and "
            f"{_versions()} is built for {', '.join(built)}.",
            f"{_INSTALL}, or choose other devices with %saturn cluster.",
        )


def covers(archs: Sequence[str], major: int, minor: int) -> bool:
    """Whether a build for some architectures has code for GPUs of a compute capability.

    Code for ``sm_XY`` runs on GPUs of the same major and no lesser minor version; from
    ``compute_XY`` the driver makes code for any later GPU (CUDA C++ programming guide,
    "Binary compatibility" and "PTX compatibility"). With an ``a`` behind it is for that GPU
    alone, with an ``f`` for later ones of the same major version as well.
    """
    for match in filter(None, map(_ARCHITECTURE.fullmatch, archs)):
        has = int(match[2]), int(match[3])
        if match[4] == "a":
            runs = has == (major, minor)
        elif match[1] == "compute" and not match[4]:
            runs = has <= (major, minor)
        else:
            runs = has[0] == major and has[1] <= minor
        if runs:
            return True
    return False


def _versions() -> str:
    driver = None
    with suppress(OSError):
        driver = re.search(r"\s(\d+\.\d[\d.]*)", DRIVER_FILE.read_text())
    built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    under = f" with driver {driver[1]}" if driver else ""
    return f"PyTorch {torch.__version__} ({built}){under}"

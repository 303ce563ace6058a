"""Why PyTorch cannot use a GPU, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import torch

from ...errors import SaturnError

DRIVER_FILE = Path("/proc/driver/nvidia/version")
_INSTALL = (
    "Install a PyTorch that fits the driver and the GPU (https://pytorch.org/get-started/locally)"
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
    too_old = torch.version.cuda is None or "driver" in reason.lower()
    return SaturnError(
        "no-gpu",
        f"Of the GPUs {', '.join(uuids)} only {torch.cuda.device_count()} can be used by "
        f"{_versions()}.{reason}",
        f"{_INSTALL}, or update the driver." if too_old else _LOOK,
    )


def require_kernels(index: int) -> None:
    """Refuse a GPU of a generation that this PyTorch was not built for.

    Binaries run on the same major generation from their minor one on, what is compiled at the
    start (PTX) on newer ones, too (CUDA programming guide, compute capability).

    Raises
    ------
    SaturnError
        ``no-gpu``.
    """
    built = [found for name in torch.cuda.get_arch_list() if (found := _generation(name))]
    major, minor = torch.cuda.get_device_capability(index)
    runs = any(
        generation <= (major, minor) and (kind == "compute" or generation[0] == major)
        for kind, generation in built
    )
    if built and not runs:
        known = ", ".join(sorted({f"{one[0]}.{one[1]}" for _, one in built}, key=float))
        raise SaturnError(
            "no-gpu",
            f"{torch.cuda.get_device_name(index)} is of compute capability {major}.{minor}, and "
            f"{_versions()} is built for {known}.",
            f"{_INSTALL}, or choose other devices with %saturn cluster.",
        )


def _generation(name: str) -> tuple[str, tuple[int, int]] | None:
    """Of ``sm_90a``: what it is, and the generation it is for."""
    found = re.fullmatch(r"(sm|compute)_(\d+)(\d)[a-z]?", name)
    return (found[1], (int(found[2]), int(found[3]))) if found else None


def _versions() -> str:
    driver = None
    with suppress(OSError):
        driver = re.search(r"\s(\d+\.\d[\d.]*)", DRIVER_FILE.read_text())
    built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    under = f" with driver {driver[1]}" if driver else ""
    return f"PyTorch {torch.__version__} ({built}){under}"

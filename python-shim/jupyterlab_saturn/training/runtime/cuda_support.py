"""Why PyTorch cannot use a GPU, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import torch

from ...errors import SaturnError

DRIVER_FILE = Path("/proc/driver/nvidia/version")
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


def covers(archs: Sequence[str], capability: tuple[int, int]) -> bool:
    """Whether a build for some architectures has code for GPUs of a compute capability.

    Code for ``sm_XY`` runs on GPUs of the same major and no lesser minor version; from
    ``compute_XY`` the driver makes code for any later GPU (CUDA C++ programming guide,
    "Binary compatibility" and "PTX compatibility"). With ``a`` behind it is for that GPU alone,
    with ``f`` for those of its family.
    """
    return any(_runs(kind, built, only, capability) for kind, built, only in _built_for(archs))


def require_kernels(index: int) -> None:
    """Refuse a GPU of a generation that this PyTorch was not built for.

    Raises
    ------
    SaturnError
        ``no-gpu``.
    """
    archs = torch.cuda.get_arch_list()
    capability = torch.cuda.get_device_capability(index)
    built = {generation for _, generation, _ in _built_for(archs)}
    if built and not covers(archs, capability):
        known = ", ".join(f"{major}.{minor}" for major, minor in sorted(built))
        raise SaturnError(
            "no-gpu",
            f"{torch.cuda.get_device_name(index)} is of compute capability "
            f"{capability[0]}.{capability[1]}, and {_versions()} is built for {known}.",
            f"{_INSTALL}, or choose other devices with %saturn cluster.",
        )


def _built_for(archs: Sequence[str]) -> Iterator[tuple[str, tuple[int, int], str]]:
    """Of ``sm_90a``: what it is, the generation that it is for, and what is behind that."""
    for name in archs:
        found = re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", name)
        if found is not None:
            yield found[1], (int(found[2]), int(found[3])), found[4]


def _runs(kind: str, built: tuple[int, int], only: str, capability: tuple[int, int]) -> bool:
    if only == "a":
        return built == capability
    alike = built[0] == capability[0]
    return built <= capability and (alike or (kind == "compute" and not only))


def _versions() -> str:
    driver = None
    with suppress(OSError):
        driver = re.search(r"\s(\d+\.\d[\d.]*)", DRIVER_FILE.read_text())
    built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    under = f" with driver {driver[1]}" if driver else ""
    return f"PyTorch {torch.__version__} ({built}){under}"

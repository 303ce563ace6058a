"""For which hardware PyTorch was built, told without importing it: that takes seconds."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import SaturnError

_LEAST_DRIVER = {11: (450, 80), 12: (525, 60), 13: (580, 65)}
"""Drivers on Linux that run programs of a major version of CUDA (CUDA Compatibility, minor version
compatibility). Of a version that is not here nothing is known."""

_COMPATIBILITY = ("usr/local/cuda*/compat/libcuda.so*", "usr/local/cuda*/compat/lib.real/libcuda*")
"""With these libraries an older driver runs newer programs (CUDA Compatibility, forward)."""

ROOT = Path("/")


@dataclass(frozen=True)
class TorchBuild:
    """Versions of PyTorch and of what it was built with; None for what it was built without."""

    version: str
    cuda: str | None = None
    hip: str | None = None
    xpu: str | None = None


def installed_build() -> TorchBuild | None:
    """The PyTorch of this interpreter; None when there is none, or it does not say."""
    try:
        found = importlib.util.find_spec("torch")
        if found is None or found.origin is None:
            return None
        tree = ast.parse(Path(found.origin).with_name("version.py").read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    told = dict(_constants(tree))
    if not isinstance(told.get("__version__"), str):
        return None
    return TorchBuild(told["__version__"] or "", told.get("cuda"), told.get("hip"), told.get("xpu"))


def require_cuda(build: TorchBuild | None, driver: str | None) -> None:
    """Refuse NVIDIA GPUs that this PyTorch cannot use.

    For which generations of GPUs it was built can be told by a running one only: ranks do.

    Raises
    ------
    SaturnError
        ``gpu-unusable``: it was built without CUDA, or for a newer driver.
    """
    if build is None:
        return
    if build.cuda is None:
        what = f"for AMD GPUs (ROCm {build.hip})" if build.hip else "without CUDA"
        raise SaturnError(
            "gpu-unusable",
            f"PyTorch {build.version} is built {what}.",
            "Install one that is built for CUDA (https://pytorch.org/get-started/locally), "
            "then restart the kernel and the session: %saturn shutdown",
        )
    least = _LEAST_DRIVER.get(int(build.cuda.partition(".")[0]))
    if least and driver and _numbers(driver) < least and not _has_compatibility():
        raise SaturnError(
            "gpu-unusable",
            f"PyTorch {build.version} is built for CUDA {build.cuda}, which needs NVIDIA's driver "
            f"{least[0]}.{least[1]} or newer; this one is {driver}.",
            "Update the driver, or install a PyTorch for an older CUDA "
            "(https://pytorch.org/get-started/previous-versions).",
        )


def _constants(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    for line in tree.body:
        targets = line.targets if isinstance(line, ast.Assign) else []
        if isinstance(line, ast.AnnAssign):
            targets = [line.target]
        value = getattr(line, "value", None)
        if isinstance(value, ast.Constant) and (
            value.value is None or isinstance(value.value, str)
        ):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value.value


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _has_compatibility() -> bool:
    return any(next(ROOT.glob(pattern), None) for pattern in _COMPATIBILITY)

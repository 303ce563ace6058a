"""What the installed PyTorch can do here.

``python -m jupyterlab_saturn.training.runtime.torch_probe`` writes it as JSON, in a process of its
own: asking opens the GPUs, and importing torch takes seconds.
"""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from typing import NotRequired, TypedDict

import torch
import torch.distributed as dist

from .cuda_support import covers

_SIZE = 256
_BOUNDS = {"float32": 1e-3, "bfloat16": 5e-2}


class GpuAnswer(TypedDict):
    """What torch says of one GPU.

    ``errors`` are those of a small matrix product, by type of number: none where it is right.
    """

    name: str
    capability: list[int]
    totalBytes: int
    freeBytes: NotRequired[int]
    covered: bool
    """Whether the build holds code for it."""
    errors: dict[str, str]


class TorchAnswer(TypedDict):
    """What torch says of itself. Versions it was not built for are None."""

    torch: str
    cuda: str | None
    hip: str | None
    archs: list[str]
    gloo: bool
    nccl: str | None
    why: str | None
    """Why it can use no GPU; None where it can."""
    gpus: list[GpuAnswer]


def probe() -> TorchAnswer:
    """Ask torch, and have each GPU that it sees multiply two matrices."""
    why = _why_unusable()
    count = torch.cuda.device_count() if why is None else 0
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "archs": torch.cuda.get_arch_list() if why is None else [],
        "gloo": dist.is_gloo_available(),
        "nccl": _nccl(),
        "why": why,
        "gpus": [_gpu(index) for index in range(count)],
    }


def _why_unusable() -> str | None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            torch.cuda.init()  # type: ignore[no-untyped-call]
            if torch.cuda.is_available():
                return None
            why = "it finds no GPU"
        except (AssertionError, RuntimeError) as error:
            why = str(error)
    said = [str(each.message) for each in caught]
    return " ".join([why, *said]).strip()


def _nccl() -> str | None:
    if not dist.is_nccl_available():
        return None
    with contextlib.suppress(Exception):
        return ".".join(map(str, torch.cuda.nccl.version()))  # type: ignore[no-untyped-call]
    return "unknown"


def _gpu(index: int) -> GpuAnswer:
    properties = torch.cuda.get_device_properties(index)
    major, minor = torch.cuda.get_device_capability(index)
    answer: GpuAnswer = {
        "name": properties.name,
        "capability": [major, minor],
        "totalBytes": properties.total_memory,
        "covered": covers(torch.cuda.get_arch_list(), major, minor),
        "errors": {},
    }
    try:
        answer["freeBytes"] = torch.cuda.mem_get_info(index)[0]
    except RuntimeError as error:
        answer["errors"]["memory"] = _first_line(error)
    device = torch.device("cuda", index)
    for dtype in (torch.float32, torch.bfloat16):
        name = str(dtype).removeprefix("torch.")
        problem = multiplication_problem(device, dtype)
        if problem is not None:
            answer["errors"][name] = problem
    return answer


def multiplication_problem(device: torch.device, dtype: torch.dtype) -> str | None:
    """Why a small matrix product on a device is not what it is on the CPU; None when it is."""
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.rand(_SIZE, _SIZE, generator=generator) for _ in range(2))
    try:
        product = (left.to(device, dtype) @ right.to(device, dtype)).float().cpu()
    except RuntimeError as error:
        return _first_line(error)
    wanted = left @ right
    apart = ((product - wanted).abs().max() / wanted.abs().max()).item()
    bound = _BOUNDS[str(dtype).removeprefix("torch.")]
    return None if apart <= bound else f"a matrix product is {apart:.2g} off"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    json.dump(probe(), sys.stdout)

"""The device of a rank that trains to compare: exact, whatever it costs."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import torch

from ...errors import SaturnError
from ...torch_settings import allow_tf32
from ..runtime.device import CpuDevice, CudaDevice, RankDevice
from .bounds import Kind

if TYPE_CHECKING:
    from ...generated.wire_types import Device


@cache
def bench_device(kind: Kind, rank: int) -> RankDevice:
    """The device of a rank of this process. Ranks beyond the number of GPUs share some.

    On GPUs, single precision is single precision: without TF32, by algorithms that come to the
    same each time where PyTorch has some.

    Raises
    ------
    SaturnError
        ``no-gpu``.
    """
    if kind == "cpu":
        return CpuDevice((), 0)
    # Read when CUDA starts; see `torch.use_deterministic_algorithms`.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    gpus = visible_gpus()
    if not gpus:
        raise SaturnError("no-gpu", "PyTorch finds no GPU here.")
    device = CudaDevice(gpus, rank % len(gpus))
    allow_tf32(torch, False)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    return device


def visible_gpus() -> list[Device]:
    """The GPUs that this process may use."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    entries = map(str, range(torch.cuda.device_count())) if listed is None else listed.split(",")
    return [
        {"id": f"cuda{n}", "kind": "cuda", "name": entry, "memoryBytes": 1, "uuid": entry}
        for n, entry in enumerate(entries)
        if entry
    ]

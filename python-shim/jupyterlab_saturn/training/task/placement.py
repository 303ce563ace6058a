"""Where what a factory makes is, once it is made: on the CPU, and no GPU chosen."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...errors import SaturnError
from ..adapters.trainer_placement import placed_on_cpu
from ..runtime.interception import intercepting


@contextmanager
def made_on_cpu() -> Iterator[None]:
    """Keep libraries from moving what they make, and CUDA's current device as it is.

    Every rank sees all GPUs of its group, and libraries take the first for theirs.
    """
    os.environ.setdefault("ACCELERATE_USE_CPU", "true")
    started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    before = torch.cuda.current_device() if started else None
    try:
        with intercepting(placed_on_cpu()):
            yield
    finally:
        if before is not None:
            torch.cuda.set_device(before)
        torch.set_default_device(None)


def require_default_device() -> None:
    """Raise SaturnError ``default-device`` when a factory has made another PyTorch's default."""
    default = torch.get_default_device()
    if default.type != "cpu":
        raise SaturnError(
            "default-device",
            f"The function makes {default} PyTorch's default device, but where a task is trained "
            "is chosen for it.",
            "Leave it out. What a forward makes anew is for the device of its input: "
            "torch.zeros(..., device=x.device).",
        )


def bring_to_cpu(model: torch.nn.Module) -> None:
    """Move to the CPU what a factory has put on a GPU, and give the GPU its memory back."""
    tensors = (*model.parameters(), *model.buffers())
    if any(tensor.is_cuda for tensor in tensors):
        model.to("cpu")
        del tensors
        gc.collect()
        torch.cuda.empty_cache()

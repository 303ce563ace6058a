"""Adam's step of all tensors by one kernel, where PyTorch makes one after another by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

_ADAMS = (torch.optim.Adam, torch.optim.AdamW)


@contextmanager
def by_one_kernel(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Within it, an Adam steps its tensors on the CPU by PyTorch's fused kernel.

    Adapters are many small tensors, of which each takes ten calls otherwise. It comes to the same
    to rounding, and leaves what the optimizer keeps as it would be. Any other optimizer, and an
    Adam that was told how to step, does as ever.
    """
    groups = [group for group in optimizer.param_groups if _may(group)]
    if type(optimizer) not in _ADAMS or len(groups) < len(optimizer.param_groups):
        yield
        return
    before = [group["fused"] for group in groups]
    for group in groups:
        group["fused"] = True
    try:
        yield
    finally:
        for group, fused in zip(groups, before, strict=True):
            group["fused"] = fused


def _may(group: Mapping[str, Any]) -> bool:
    told = (group.get(name) for name in ("foreach", "fused", "capturable", "differentiable"))
    return (
        not any(told)
        and group.get("foreach", False) is None
        and isinstance(group["lr"], float)
        and all(_is_plain(parameter) for parameter in group["params"])
    )


def _is_plain(parameter: torch.Tensor) -> bool:
    # The kernel goes through memory as it lies, whatever the order of dimensions is.
    is_dense = parameter.layout == torch.strided and parameter.is_contiguous()
    return is_dense and parameter.device.type == "cpu" and parameter.dtype == torch.float32

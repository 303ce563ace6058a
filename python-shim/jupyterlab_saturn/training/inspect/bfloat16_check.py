"""Whether the GPUs compute in bfloat16, or only pretend to."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ...task import Task

_AMPERE = 8.0
"""Compute capability from which on GPUs do (CUDA programming guide, arithmetic instructions)."""


def told_of_bfloat16(task: Task, capability: float | None) -> Iterator[str]:
    """A warning where bfloat16 is emulated, which `torch.cuda.is_bf16_supported` is content with.

    Parameters
    ----------
    capability
        Least compute capability of the GPUs; None where there are none, or it is not known.
    """
    if capability is None or capability >= _AMPERE:
        return
    # Integers and such are of no precision.
    of_model = any(parameter.dtype == torch.bfloat16 for parameter in task.model.parameters())
    if task.precision == "bfloat16" or of_model:
        yield (
            f"GPUs of compute capability {capability} do not compute in bfloat16: it is emulated, "
            'and slow. float32 is faster there, float16 (precision="float16") is faster still.'
        )

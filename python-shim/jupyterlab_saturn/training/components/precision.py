"""Forwards in half precision, and the scaling of losses that its narrow kind needs."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from ...errors import SaturnError
from ...task import Task

HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
"""The precisions beside float32, and the type that autocast gets for each."""

_AS_IT_IS = nullcontext()
_FIRST = 2.0**16
_LARGEST = 2.0**24  # far beyond what float16 bears; a model without small gradients stays there
_STEPS_TO_DOUBLE = 2000


def precise(task: Task, device: str, *, cached: bool = True) -> AbstractContextManager[Any]:
    """Round a forward and its loss: `torch.autocast` as the task's precision asks for it.

    Parameters
    ----------
    device
        ``"cpu"`` or ``"cuda"``.
    cached
        Whether a parameter that was cast is kept until the end.
    """
    if task.precision == "float32":
        return _AS_IT_IS
    return torch.autocast(device, dtype=HALVES[task.precision], cache_enabled=cached)


class LossScale:
    """By what losses are multiplied before the backward, so that gradients do not vanish.

    float16 ends at 6e-8, where many gradients are. The scale is halved whenever a gradient is no
    number, and that step is left out; it is doubled after 2000 steps without (Micikevicius et al.,
    Mixed Precision Training, 2018, section 3.2; the numbers of `torch.amp.GradScaler`). Gradients
    are judged by their norm over all ranks, so all decide alike whatever the technique, and the
    scale is kept in checkpoints.

    Attributes
    ----------
    value
        The scale; a power of two, so that scaling rounds nothing.
    """

    def __init__(self) -> None:
        self.value = _FIRST
        self._good_steps = 0

    def accepts(self, norm: torch.Tensor) -> bool:
        """Whether to make a step whose gradient has this norm.

        Raises
        ------
        SaturnError
            ``loss-not-finite`` when no scale is small enough.
        """
        if math.isfinite(norm.item()):
            self._good_steps += 1
            if self._good_steps == _STEPS_TO_DOUBLE:
                self.value, self._good_steps = min(self.value * 2, _LARGEST), 0
            return True
        if self.value <= 1.0:
            raise SaturnError(
                "loss-not-finite",
                "Training diverged: the gradient is no number, however small the loss is scaled.",
                "Try a lower learning rate or precision='bfloat16', or look for a division by "
                "zero.",
            )
        self.value, self._good_steps = self.value / 2, 0
        return False

    def state(self) -> tuple[float, int]:
        """What `restore` takes, on any rank of any technique."""
        return self.value, self._good_steps

    def restore(self, state: tuple[float, int]) -> None:
        self.value, self._good_steps = state

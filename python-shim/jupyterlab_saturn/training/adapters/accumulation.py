"""How many batches of a loader a step accumulates: the last of an epoch may have fewer."""

from __future__ import annotations

import math


class Accumulation:
    """Follows the steps of a task that takes whole batches; its `Task.before_step`.

    Parameters
    ----------
    parts
        Batches of a step, but for the last one of an epoch.

    Attributes
    ----------
    batches
        Of an epoch.
    steps_per_epoch
        Optimizer steps of an epoch.
    count
        Batches of the step that is made now.
    """

    def __init__(self, batches: int, parts: int) -> None:
        self.steps_per_epoch = max(1, math.ceil(batches / parts))
        self.batches = batches
        self.count = parts
        self._parts = parts
        self._last = batches % parts or parts

    def __call__(self, step: int, epoch: int) -> None:
        """A step is about to be made, counted from 0."""
        is_last = (step + 1) % self.steps_per_epoch == 0
        self.count = self._last if is_last else self._parts

"""The memory that training a task takes, by what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MemoryEstimate:
    """Bytes that training takes on one device with the whole batch at once.

    Attributes
    ----------
    trained
        Parameters that are trained; their gradients take as much again.
    frozen
        Parameters and buffers that are not.
    optimizer
        State of the optimizer.
    activations
        Kept of the forward for the backward, for one micro-batch of the task on one device.
    checkpointed
        The same when blocks are computed again in the backward: their inputs and one block.
    largest_block
        Parameters of the largest block, or of the whole model when it has none.
    """

    trained: int
    frozen: int
    optimizer: int
    activations: int
    checkpointed: int
    largest_block: int

    @property
    def resident(self) -> int:
        """Parameters and optimizer state: there at all times."""
        return self.trained + self.frozen + self.optimizer

    @property
    def state(self) -> int:
        """Parameters, gradients and optimizer state together."""
        return self.resident + self.trained

    def kept(self, knobs: Mapping[str, str | float | bool]) -> int:
        """Kept for the backward, by the knob ``checkpointing``."""
        return self.checkpointed if knobs.get("checkpointing") else self.activations

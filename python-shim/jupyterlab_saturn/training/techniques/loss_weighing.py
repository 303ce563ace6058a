"""What the samples of a batch weigh: the same each, or what the loss counts of them."""

from __future__ import annotations

from ...errors import SaturnError
from ...task import Task
from ..components.loss import Loss
from ..runtime.process_group import ProcessGroup
from ..task.data_order import takes_whole_batches


class LossWeighing:
    """Decides it by the first loss, for all ranks and all of a training."""

    def __init__(self, task: Task, world: ProcessGroup) -> None:
        self._alone = takes_whole_batches(task)
        self._world = world
        self._counted: bool | None = None

    @property
    def may_count(self) -> bool:
        """Whether what losses count is of interest."""
        return self._counted is not False

    def by_count(self, loss: Loss, *, whole: bool) -> bool:
        """Whether samples weigh what the loss counts. The first time a collective.

        Parameters
        ----------
        whole
            Whether the batch is in one part, on all ranks together.

        Raises
        ------
        SaturnError
            ``bad-loss`` when losses are counted and this one is not.
        """
        if self._counted is None:
            lacking = [1.0 if loss.count is None or self._alone or whole else 0.0]
            self._counted = self._world.max(lacking)[0] == 0.0
        if self._counted and loss.count is None:
            raise SaturnError(
                "bad-loss",
                "The loss of this batch is no mean of one cross entropy, as those before were, so "
                "what its samples weigh is not known.",
                "Return the loss as a pair: the sum over what it counts, and how many these are.",
            )
        return self._counted

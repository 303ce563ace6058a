"""Whether samples and batches look the same whenever and wherever they are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import SaturnError
from ...task import Task
from ..task.samples import Samples
from ..task.task_validation import differs, require_repeatable
from .own_counts import OwnCounts

_FEW = 4


def require_repeatable_data(task: Task, samples: Samples, batch: Sequence[int]) -> None:
    """Load some samples twice, and what they count by themselves as it may be later.

    Raises
    ------
    SaturnError
        ``unseeded-data``.
    """
    counts = OwnCounts({"the data": task.data, "the collate_fn": task.collate})
    require_repeatable(samples, batch)

    def load() -> Any:
        return samples.sample(batch[0]), samples.batch(batch[:_FEW])

    counted = counts.mattering(load, differs)
    if counted is not None:
        raise SaturnError(
            "unseeded-data",
            f"Samples of the data change by {counted}, which counts how often they are loaded: "
            "after a pause, in workers and on several devices that is another number.",
            "Give the dataset a set_epoch(epoch), which is told before it is asked; or train by "
            "your own loop: %%saturn task --native.",
        )

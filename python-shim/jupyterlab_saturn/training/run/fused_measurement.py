"""The cell of a run of several tasks: its step is one of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .cell_measurement import CellMeasurement
from .training_measurement import TrainingMeasurement

if TYPE_CHECKING:
    from ...generated.wire_types import ProfileCell


def of_all(cell: ProfileCell, base: str, count: int) -> ProfileCell:
    """A cell as one of them has measured it, as that of all.

    Each loads and saves for itself, one after another, about as long as the others.
    """
    told: ProfileCell = {**cell, "signature": base, "fused": count}
    for key in ("loadSeconds", "saveSeconds"):
        if key in told:
            told[key] = told[key] * count
    return told


class FusedMeasurement(TrainingMeasurement):
    """What `TrainingMeasurement` is of one task, of so many of a run."""

    def __init__(
        self,
        request: RankRequest,
        world: ProcessGroup,
        device: RankDevice,
        tell: Callable[[ProfileCell], None],
        *,
        base: str,
        count: int,
    ) -> None:
        super().__init__(request, world, device, tell)
        self._base = base
        self._count = count

    def cell(self) -> ProfileCell:
        """All that is known. A collective."""
        return of_all(super().cell(), self._base, self._count)


class FusedCellMeasurement(CellMeasurement):
    """What `CellMeasurement` is of one task, of so many of a run."""

    def cell(self) -> ProfileCell:
        """All that is known. A collective."""
        request = self._request
        return of_all(super().cell(), request.base, len(request.members))

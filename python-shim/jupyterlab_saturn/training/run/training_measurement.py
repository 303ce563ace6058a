"""The cell that a training measures on its way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..runtime.device import RankDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.rank_request import RankRequest
from .cell_measurement import CellMeasurement
from .headroom import require_headroom

if TYPE_CHECKING:
    from ...generated.wire_types import ProfileCell


class TrainingMeasurement(CellMeasurement):
    """Tells its cell once it is known well enough, and again when the training ends.

    When nobody knows yet how the strategy runs the task, the first cell is as a trial's: it takes
    no more steps, and what a trial refuses ends the training before it goes on for long.

    Saving takes memory of its own, which is no step's: it is not counted.

    Parameters
    ----------
    tell
        Told of the cell, on every rank.
    """

    def __init__(
        self,
        request: RankRequest,
        world: ProcessGroup,
        device: RankDevice,
        tell: Callable[[ProfileCell], None],
    ) -> None:
        super().__init__(request, world, device)
        self._tell = tell
        self._told: ProfileCell | None = None
        self._explores = request.explores

    def started(self) -> None:
        super().started()
        self._device.reset_peak()  # what loading a checkpoint took is no step's either

    @property
    def wanted(self) -> int | None:
        """Steps that the next window should have; None when that is for others to say."""
        return self.timer.window if self._explores and self._told is None else None

    def window(
        self,
        step_seconds: float,
        steps: int,
        load_seconds: float = 0.0,
        evaluation: Callable[[], object] = lambda: None,
    ) -> None:
        """Note the steps since the ranks agreed last. A collective now and then.

        Parameters
        ----------
        evaluation
            Tries what would fail after the last step only; called when nobody else has tried it.

        Raises
        ------
        torch.OutOfMemoryError
            As `require_headroom`, then; and what `evaluation` raises.
        """
        self.timer.add(step_seconds, steps, load_seconds)
        if self._told is None and self.timer.enough():
            if self._explores:
                evaluation()
            self.note_peak()
            if self._explores:
                require_headroom(self._world, self._device)
            self._told = self.cell()
            self._tell(self._told)

    @contextmanager
    def saving(self, *, whole: bool = True) -> Iterator[None]:
        """Round the commit of a checkpoint. A collective.

        Parameters
        ----------
        whole
            Whether it is one to go on from: what is kept at the end is quicker to write, and does
            not tell what a move costs.
        """
        self.note_peak()
        begin = time.perf_counter()
        yield
        if whole:
            self.save_seconds = time.perf_counter() - begin
        self.saved()

    def saved(self) -> None:
        """A checkpoint was committed, for which the peak was noted before."""
        self._device.reset_peak()

    def ended(self) -> None:
        """Tell what all steps came to, if any were timed. A collective."""
        if self.timer.steps > 0:
            self.note_peak()
            self._tell(self.cell())

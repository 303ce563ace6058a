"""How often ranks stop to agree: often enough to react, seldom enough to cost nothing."""

from __future__ import annotations

# An agreement costs up to about a millisecond between processes: 0.5 % at five a second.
_INTERVAL_SECONDS = 0.2


class SyncInterval:
    """Steps between two agreements of the ranks.

    All ranks feed it the same agreed numbers, so all agree at the same steps.

    Parameters
    ----------
    step_seconds
        What a step should take, when that was measured.
    wanted
        Steps until the first agreement, for who times them; None when any will do.
    """

    def __init__(self, step_seconds: float | None, wanted: int | None = None) -> None:
        self._interval = wanted or (1 if step_seconds is None else _steps(step_seconds))
        self._next: int | None = None

    def due(self, step: int) -> bool:
        """Whether the ranks agree after this step."""
        if self._next is None:
            self._next = step + self._interval - 1
        return step >= self._next

    def agreed(self, step: int, step_seconds: float, wanted: int | None = None) -> None:
        """Plan the next agreement from the agreed mean time of the last steps.

        The interval grows by doubling: one quick step must not make a long silence.

        Parameters
        ----------
        wanted
            Steps until then, for who times them, unless that is too long.
        """
        self._interval = min(_steps(step_seconds), wanted or 2 * self._interval)
        self._next = step + self._interval


def _steps(step_seconds: float) -> int:
    return max(1, int(_INTERVAL_SECONDS / max(step_seconds, 1e-9)))

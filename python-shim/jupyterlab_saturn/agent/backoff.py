"""Growing pauses between repeats."""

from __future__ import annotations

import asyncio

_REPEATS = 3


class Backoff:
    """Lets a job be repeated a few times, after pauses of which each is twice the one before.

    What is lost again and again with something of the agent's own is lost with something that
    does not work here: without an end nobody would ever hear of it.

    Parameters
    ----------
    seconds
        The first pause.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._repeats = 0

    async def again(self) -> bool:
        """Wait before a repeat; False at once when there were enough of them."""
        if self._repeats == _REPEATS:
            return False
        await asyncio.sleep(self._seconds * 2**self._repeats)
        self._repeats += 1
        return True

    def reset(self) -> None:
        """Begin anew: something came of the last repeat."""
        self._repeats = 0

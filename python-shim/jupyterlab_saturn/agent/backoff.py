"""Growing pauses between repeats."""

from __future__ import annotations

import asyncio

_REPEATS = 3
_LONGEST_SECONDS = 60.0
_GOOD_SECONDS = 60.0


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


class RestartPause:
    """How long to wait before what is to be there for ever is made again, each time it has ended.

    Each pause is twice the one before, up to a minute; the first comes again after a good life.

    Parameters
    ----------
    first
        Seconds of the first pause.
    """

    def __init__(self, first: float) -> None:
        self._first = self._next = first

    def after(self, lived: float, *, is_lasting: bool = False) -> float:
        """Seconds to wait now.

        Parameters
        ----------
        lived
            Seconds for which it was there.
        is_lasting
            Whether it ended of what does not become right by itself soon: then the longest pause.
        """
        good = self._first if lived > _GOOD_SECONDS else self._next
        seconds = _LONGEST_SECONDS if is_lasting else good
        self._next = min(_LONGEST_SECONDS, 2 * seconds)
        return seconds

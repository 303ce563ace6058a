"""How long a step takes, from as few as will tell."""

from __future__ import annotations

import math
import statistics

_LEAST = 5
_LEAST_SECONDS = 0.25
_SLOW_LEAST = 2  # when time is up before
_HOPELESS_LEAST = 10
_MOST_SECONDS = 20.0
_PRECISION = 0.03


class StepTimer:
    """Times of windows of steps, as seconds a step, until the median is known well enough.

    Parameters
    ----------
    spent
        Seconds of the trial that are gone.
    most
        Windows that there can be.
    """

    def __init__(self, spent: float, most: int) -> None:
        self._spent = spent
        self._most = most
        self._measured = 0.0
        self._times: list[float] = []

    def add(self, step_seconds: float, steps: int) -> None:
        """Note a window."""
        self._times.append(step_seconds)
        self._measured += step_seconds * steps

    @property
    def median(self) -> float:
        """Seconds of a step."""
        return statistics.median(self._times)

    @property
    def spread(self) -> float:
        """Median absolute deviation."""
        middle = self.median
        return statistics.median(abs(value - middle) for value in self._times)

    @property
    def error(self) -> float:
        """Standard error of the median, as a share of it, whatever the distribution.

        Of n values in order, the median's place has a standard error of half the root of n.
        """
        times = sorted(self._times)
        middle, reach = (len(times) - 1) / 2, math.sqrt(len(times)) / 2
        low, high = times[round(middle - reach)], times[round(middle + reach)]
        return (high - low) / 2 / self.median

    def enough(self) -> bool:
        """Whether more windows would not be worth their time, or there is none left."""
        count = len(self._times)
        left = _MOST_SECONDS - self._spent - self._measured
        if count >= self._most or (left <= 0 and count >= _SLOW_LEAST):
            return True
        if count < _LEAST:
            return False
        if self.error < _PRECISION:
            return self._measured >= _LEAST_SECONDS
        # As noisy as it is, the time left would not do.
        reach = min(self._most, count + left * count / self._measured)
        return count >= _HOPELESS_LEAST and self.error * math.sqrt(count / reach) > _PRECISION

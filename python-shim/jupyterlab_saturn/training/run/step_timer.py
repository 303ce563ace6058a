"""How long a step takes, from as few as will tell."""

from __future__ import annotations

import math
import statistics

_WARM_UP_LEAST = 2  # the second step is the first with optimizer state in memory
_WARM_UP_MOST = 5
_WARM_UP_TOLERANCE = 0.1
_WINDOW_SECONDS = 0.05
_WINDOW_STEPS_MOST = 50
_LEAST = 5
_LEAST_SECONDS = 0.25
_STEADY_SECONDS = 0.5  # what disturbs a step for a while is no more than a few percent of it
_SLOW_LEAST = 2  # when time is up before
_HOPELESS_LEAST = 10
_MOST_SECONDS = 20.0
_PRECISION = 0.03
_KEPT = 4096


class StepTimer:
    """Times of windows of steps, as seconds a step, until the median is known well enough.

    Steps are timed in windows, as training agrees every few steps, too: what the ranks do to
    agree, and a GPU that runs behind its process, must not count as a part of each. The first ones
    warm up, until two in a row take about the same time; they are no part of what is told.

    Parameters
    ----------
    most
        Steps that there can be.

    Attributes
    ----------
    steps
        Steps timed, those to warm up left out.
    """

    def __init__(self, most: float = math.inf) -> None:
        self.steps = 0
        self._most = most
        self._warm_up: list[float] = []
        self._spent = 0.0
        self._warm_steps = 0
        self._measured = 0.0
        self._times: list[float] = []
        self._loads: list[float] = []
        self._kept_each = 1
        self._windows = 0

    def add(self, step_seconds: float, steps: int, load_seconds: float = 0.0) -> None:
        """Note a window, and what of a step's time in it was loading."""
        step_seconds = max(step_seconds, 1e-9)
        if not self._is_warm():
            self._warm_up.append(step_seconds)
            self._warm_steps += steps
            self._spent += step_seconds * steps
            return
        self.steps += steps
        self._measured += step_seconds * steps
        self._windows += 1
        if self._windows % self._kept_each == 0:
            self._times.append(step_seconds)
            self._loads.append(load_seconds)
        if len(self._times) >= _KEPT:  # of a long training every second will do
            self._times, self._loads = self._times[::2], self._loads[::2]
            self._kept_each *= 2

    @property
    def window(self) -> int:
        """Steps that the next window should have."""
        if not self._is_warm():
            return 1
        return max(1, min(_WINDOW_STEPS_MOST, int(_WINDOW_SECONDS / self._warm_up[-1])))

    @property
    def median(self) -> float:
        """Seconds of a step: of the last one that warmed up when there was no other."""
        return statistics.median(self._times or self._warm_up[-1:])

    @property
    def load(self) -> float:
        """Seconds of loading a step's batch."""
        return statistics.median(self._loads or [0.0])

    @property
    def spread(self) -> float:
        """Median absolute deviation."""
        middle = self.median
        return statistics.median(abs(value - middle) for value in self._times or [middle])

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
        if not self._is_warm():
            return False
        count, most = len(self._times), self._most
        if most < math.inf:
            most = (most - self._warm_steps) // self.window
        left = _MOST_SECONDS - self._spent - self._measured
        if count >= most or (left <= 0 and count >= _SLOW_LEAST):
            return True
        if count < _LEAST:
            return count > 0 and self._is_steady()
        if self.error < _PRECISION:
            return self._measured >= _LEAST_SECONDS
        # As noisy as it is, the time left would not do.
        reach = min(most, count + left * count / self._measured)
        return count >= _HOPELESS_LEAST and self.error * math.sqrt(count / reach) > _PRECISION

    def _is_steady(self) -> bool:
        """Whether slow steps are alike: the last two, of which one may have warmed up."""
        times = [self._warm_up[-1], *self._times][-2:]
        steady = max(times) - min(times) < _PRECISION * min(times)
        return steady and self._measured >= _STEADY_SECONDS

    def _is_warm(self) -> bool:
        times = self._warm_up
        if len(times) < _WARM_UP_LEAST:
            return False
        before, last = times[-2:]
        alike = abs(last - before) <= _WARM_UP_TOLERANCE * before
        return alike or len(times) >= _WARM_UP_MOST or self._spent > _MOST_SECONDS

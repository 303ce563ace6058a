"""When a trial has measured enough."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import pytest
from jupyterlab_saturn.training.run.step_timer import StepTimer


def windows(times: Iterable[float], most: float = math.inf) -> int:
    """How many windows of one step are measured of an endless supply, after those to warm up."""
    timer = StepTimer(most)
    for seconds in times:
        timer.add(seconds, 1)
        if timer.enough():
            return timer.steps
    raise AssertionError("never enough")


def alternating(*times: float) -> Iterable[float]:
    return itertools.cycle(times)


@pytest.mark.parametrize(
    ("times", "count"),
    [
        (alternating(0.1), 5),  # as few as may be
        (alternating(0.02), 13),  # but not for less than a quarter of a second
        (alternating(0.1, 0.104), 5),
        (alternating(0.3), 2),  # slow ones that are all alike
        (alternating(0.3, 0.3, 0.3, 0.312), 4),  # the last two of them
        (alternating(0.5, 1.0), 10),  # twenty seconds would not do
        (alternating(0.6), 1),  # and as long as the last that warmed up
        (iter([0.6, 0.65, 0.6, 0.6]), 2),
        (alternating(15.0, 17.0), 2),  # too slow for more
        (alternating(4.0, 4.2), 3),  # of twenty seconds, eight to warm up
    ],
)
def test_measures_until_the_median_is_known(times: Iterable[float], count: int) -> None:
    assert windows(times) == count


def test_steps_may_run_out() -> None:
    # After two to warm up, as many as a window of such steps should have, seven times.
    assert windows(alternating(1e-4), most=2 + 7 * 50) == 7


@pytest.mark.parametrize(
    ("times", "warm_up"),
    [((1.0, 0.1, 0.1), 3), ((0.1, 0.1), 2), ((0.5, 0.1, 0.5, 0.1, 0.5), 5), ((15.0, 10.0), 2)],
)
def test_what_warms_up_is_not_counted(times: tuple[float, ...], warm_up: int) -> None:
    timer = StepTimer()
    for count, seconds in enumerate(times, 1):
        assert (timer.window, timer.steps) == (1, 0)
        timer.add(seconds, 1)
        assert count <= warm_up
    assert timer.median == times[-1]
    timer.add(0.2, 3)
    assert (timer.median, timer.spread, timer.steps) == (0.2, 0.0, 3)


def test_one_slow_step_is_no_matter() -> None:
    timer = StepTimer()
    for seconds in (0.1, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1):
        timer.add(seconds, 1)
    assert (timer.median, timer.spread) == (0.1, 0.0)
    assert timer.enough()


def test_a_long_training_is_timed_in_little_memory() -> None:
    timer = StepTimer()
    for number in range(100_000):
        timer.add(1.0 if number < 2 else number, 1, 0.5)
    assert timer.steps == 99_998
    assert timer.median == pytest.approx(50_000, rel=0.01)
    assert timer.load == 0.5
    assert len(timer._times) < 5_000

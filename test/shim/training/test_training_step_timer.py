"""When a trial has measured enough."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from jupyterlab_saturn.training.run.step_timer import StepTimer


def windows(times: Iterable[float], spent: float = 0.0, most: int = 400) -> int:
    """How many windows of one step are measured of an endless supply."""
    watch = StepTimer(spent, most)
    for count, seconds in enumerate(times, 1):
        watch.add(seconds, 1)
        if watch.enough():
            return count
    raise AssertionError("never enough")


def alternating(*times: float) -> Iterable[float]:
    return itertools.cycle(times)


@pytest.mark.parametrize(
    ("times", "count"),
    [
        (alternating(0.1), 5),  # as few as may be
        (alternating(0.02), 13),  # but not for less than a quarter of a second
        (alternating(0.1, 0.104), 5),
        (alternating(1.0, 2.0), 10),  # twenty seconds would not do
        (alternating(15.0), 2),  # too slow for more
        (alternating(5.0), 4),
    ],
)
def test_measures_until_the_median_is_known(times: Iterable[float], count: int) -> None:
    assert windows(times) == count


def test_warming_up_counts_as_time() -> None:
    assert windows(alternating(1.0), spent=30.0) == 2


def test_steps_may_run_out() -> None:
    assert windows(alternating(1e-4), most=7) == 7


def test_one_slow_step_is_no_matter() -> None:
    watch = StepTimer(0.0, 400)
    for seconds in (0.1, 0.1, 0.9, 0.1, 0.1):
        watch.add(seconds, 1)
    assert (watch.median, watch.spread) == (0.1, 0.0)
    assert watch.enough()

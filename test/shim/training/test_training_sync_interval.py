"""Ranks agree about five times a second, and at the same steps."""

from __future__ import annotations

from jupyterlab_saturn.training.run.sync_interval import SyncInterval


def agreements(interval: SyncInterval, start: int, count: int, step_seconds: float) -> list[int]:
    steps: list[int] = []
    step = start
    while len(steps) < count:
        step += 1
        if interval.due(step):
            steps.append(step)
            interval.agreed(step, step_seconds)
    return steps


def test_it_grows_by_doubling_up_to_a_fifth_of_a_second() -> None:
    assert agreements(SyncInterval(None), 0, 6, 0.02) == [1, 3, 7, 15, 25, 35]


def test_it_starts_where_a_run_goes_on() -> None:
    assert agreements(SyncInterval(None), 100, 3, 0.02) == [101, 103, 107]


def test_it_believes_the_profile_at_first() -> None:
    assert agreements(SyncInterval(0.01), 0, 3, 0.01) == [20, 40, 60]


def test_slow_steps_agree_every_time() -> None:
    assert agreements(SyncInterval(0.001), 0, 3, 5.0) == [200, 201, 202]


def test_no_time_at_all_is_no_division_by_zero() -> None:
    assert agreements(SyncInterval(None), 0, 3, 0.0) == [1, 3, 7]

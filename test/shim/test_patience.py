from __future__ import annotations

import os

import pytest
from jupyterlab_saturn.patience import patience


@pytest.mark.parametrize(
    ("load", "seconds"), [(0.0, 10.0), (1.0, 10.0), (3.0, 30.0), (5.0, 50.0), (500.0, 50.0)]
)
def test_a_machine_with_too_much_to_do_is_given_longer(
    monkeypatch: pytest.MonkeyPatch, load: float, seconds: float
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (4 * load, 0.0, 0.0))
    assert patience(10.0) == seconds


def test_a_machine_that_does_not_tell_is_taken_for_an_idle_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", fail)
    assert patience(10.0) == 10.0

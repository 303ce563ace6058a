"""Past times, and plans by their numbers: read, refused with advice, sent to the engine."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from fakes.engine import FakeEngine, empty_state
from fakes.shell import Shell
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.past_moment import past_moment

REPLANS = [
    {"number": number, "at": 99.0 + number, "adoptedAt": 100.0 + number, "makespan": 1.0}
    | {"causes": [], "moves": []}
    for number in (3, 4)
]
STATE: Any = {**empty_state(), "run": {"startedAt": 90.0}, "replans": REPLANS}


def test_a_time_means_all_of_its_minute_or_second_and_the_last_there_was() -> None:
    before = datetime.now() - timedelta(minutes=3)
    begin = before.replace(second=0, microsecond=0).timestamp()
    assert past_moment(before.strftime("%H:%M"), STATE) == pytest.approx(begin + 60, abs=0.01)
    second = before.replace(microsecond=0).timestamp()
    assert past_moment(before.strftime("%H:%M:%S"), STATE) == pytest.approx(second + 1, abs=0.01)
    now = past_moment(datetime.now().strftime("%H:%M"), STATE)
    assert now == pytest.approx(time.time(), abs=61) and now <= time.time()
    later = datetime.now() + timedelta(minutes=3)
    yesterday = later.replace(second=0, microsecond=0) - timedelta(days=1)
    told = past_moment(later.strftime("%H:%M"), STATE)
    assert told == pytest.approx(yesterday.timestamp() + 60, abs=0.01)


def test_dates_and_seconds_are_what_they_are() -> None:
    date = datetime(2026, 1, 31, 14, 2)
    assert past_moment(date, STATE) == past_moment("2026-01-31T14:02", STATE) == date.timestamp()
    assert past_moment(1e9, STATE) == past_moment(1_000_000_000, STATE) == 1e9


def test_a_number_is_that_of_a_plan_and_0_the_first() -> None:
    assert [past_moment(number, STATE) for number in (0, 3, "4")] == [90.0, 103.0, 104.0]
    with pytest.raises(SaturnError) as unknown:
        past_moment("2", STATE)
    assert unknown.value.code == "unknown-plan"
    assert "3 to 4" in (unknown.value.hint or "")
    with pytest.raises(SaturnError) as none:
        past_moment(1, empty_state())  # type: ignore[arg-type]
    assert "--at 14:02" in (none.value.hint or "")


@pytest.mark.parametrize("value", ["soon", "25:00", "14:2", "", "-1", -1.0, True, float("nan")])
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(SaturnError) as caught:
        past_moment(value, STATE)
    assert caught.value.code == "bad-time" and "14:02" in (caught.value.hint or "")


def test_the_plan_as_it_was_is_asked_of_the_engine_and_none_is_made(
    shell: Shell, engine: FakeEngine
) -> None:
    engine.change(run={"startedAt": 90.0}, replans=REPLANS)
    assert shell.cell("%saturn plan --at 3") is None
    assert engine.received[-1] == ("render", {"view": "plan", "at": 103.0})
    assert "plan" not in engine.types()
    error = shell.cell("%saturn plan --at 3 --seconds 2")
    assert isinstance(error, SaturnError) and error.code == "bad-option"

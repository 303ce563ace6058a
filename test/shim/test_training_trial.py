"""A trial measures the very steps that training makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_saturn import wire
from ranks import MEGABYTE, Session
from training_tasks import mlp


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.mark.parametrize(("technique", "world"), [("single", 1), ("ddp", 2), ("fsdp", 2)])
def test_a_trial_fills_a_profile_cell(session: Session, technique: str, world: int) -> None:
    spec = session.spec(mlp, record=str(session.record))
    session.record.unlink(missing_ok=True)
    group = session.trial(spec, technique, world, signature="abc")
    assert group.wait() == [0] * world, group.log
    (event,) = group.events
    cell = event["cell"]
    wire.validate("ProfileCell", cell)
    assert event["kind"] == "trial"
    assert cell["signature"] == "abc"
    assert cell["strategy"] == {"technique": technique, "devices": world}
    assert (cell["status"], cell["source"]) == ("ok", "measured")
    assert cell["spreadSeconds"] < cell["stepSeconds"]
    assert 0 < cell["peakBytes"] < 200 * MEGABYTE
    steps = [int(line.split()[0]) for line in session.record.read_text().splitlines()]
    # All ranks made the same steps: two or more to warm up, five or more to measure.
    assert sorted(steps) == sorted(list(range(max(steps) + 1)) * world)
    assert max(steps) + 1 >= 2 + 5


def test_a_trial_leaves_nothing_behind(session: Session) -> None:
    spec = session.spec(mlp, "traceless")
    assert session.trial(spec, "single").wait() == [0]
    assert not session.paths.task("traceless").exists()


def test_a_trial_of_a_short_task_makes_enough_steps(session: Session) -> None:
    group = session.trial(session.spec(mlp, "short", steps=1), "single")
    assert group.wait() == [0], group.log
    assert group.of("trial")


def test_the_start_counts_from_the_request(session: Session) -> None:
    group = session.trial(session.spec(mlp), "single", requestedAt=0)
    assert group.wait() == [0], group.log
    assert group.of("trial")[0]["cell"]["startSeconds"] > 1e9

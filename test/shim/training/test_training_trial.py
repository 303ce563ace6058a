"""A trial measures the very steps that training makes."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

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
    # All ranks made the same steps: two or more to warm up, and those that were timed.
    assert sorted(steps) == sorted(list(range(max(steps) + 1)) * world)
    assert max(steps) + 1 >= 2 + cell["steps"] >= 2 + 5
    assert 0 < cell["loadSeconds"] < cell["stepSeconds"]
    assert cell["saveSeconds"] > 0


def test_a_trial_leaves_nothing_behind(session: Session) -> None:
    spec = session.spec(mlp, "traceless")
    group = session.trial(spec, "ddp", 2)
    assert group.wait() == [0, 0], group.log
    assert not session.paths.task("traceless").exists()
    assert list(session.paths.trials.iterdir()) == []


def test_a_trial_of_a_short_task_makes_enough_steps(session: Session) -> None:
    group = session.trial(session.spec(mlp, "short", steps=1), "single")
    assert group.wait() == [0], group.log
    assert group.of("trial")


def test_a_trial_that_cannot_save_tells_the_rest(session: Session) -> None:
    def on_full_disk() -> Any:
        import shutil

        setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))  # noqa: B010
        return mlp()

    group = session.trial(session.spec(on_full_disk), "single")
    assert group.wait() == [0], group.log
    cell = group.of("trial")[0]["cell"]
    assert cell["status"] == "ok"
    assert "saveSeconds" not in cell
    assert list(session.paths.trials.iterdir()) == []


def test_the_time_of_a_step_is_that_of_the_slowest_rank(session: Session) -> None:
    def lame() -> Any:
        import time

        import torch.distributed as dist

        task = mlp()
        loss = task.loss

        def slow_on_the_last(outputs: Any, targets: Any) -> Any:
            time.sleep(0.05 * dist.get_rank())
            return loss(outputs, targets)

        return type(task)(**{**vars(task), "loss": slow_on_the_last})

    group = session.trial(session.spec(lame), "ddp", 2)
    assert group.wait() == [0, 0], group.log
    cell = group.of("trial")[0]["cell"]
    assert cell["stepSeconds"] >= 0.05
    assert cell["loadSeconds"] < 0.05


def test_loading_is_told_apart(session: Session) -> None:
    def slow_to_load() -> Any:
        import time

        task = mlp()
        data = task.data

        class Slow(type(data)):  # type: ignore[misc]
            def __getitem__(self, index: int) -> Any:
                time.sleep(0.005)
                return super().__getitem__(index)

        return type(task)(**{**vars(task), "data": Slow(*data.tensors)})

    group = session.trial(session.spec(slow_to_load), "single")
    assert group.wait() == [0], group.log
    cell = group.of("trial")[0]["cell"]
    assert cell["stepSeconds"] > cell["loadSeconds"] >= 8 * 0.005


def test_the_start_counts_from_the_request(session: Session) -> None:
    group = session.trial(session.spec(mlp), "single", requestedAt=0)
    assert group.wait() == [0], group.log
    assert group.of("trial")[0]["cell"]["startSeconds"] > 1e9

"""A group that was cut off goes on after another has its task: nothing of it is taken."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from nightly import nightly
from ranks import Group, Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

STEPS = 24
ALWAYS: dict[str, Any] = {"steps": STEPS, "checkpointSeconds": 1e-9}


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def quick() -> Task:
    """`mlp` with an evaluation and a best model now and then."""
    task = mlp()
    more = {"validate_every": 4, "best": "loss:min", "keep_best": True}
    return type(task)(**{**vars(task), **more})


def slow() -> Task:
    """`quick` with a pause in each step."""
    import time

    task = quick()
    loss = task.loss

    def paused(outputs: Any, targets: Any) -> Any:
        time.sleep(0.1)
        return loss(outputs, targets)

    return type(task)(**{**vars(task), "loss": paused})


def unbroken(session: Session) -> dict[str, Any]:
    spec = session.spec(quick, "unbroken")
    finish(session.train(spec, "single", steps=STEPS))
    return session.weights(spec)


def until_saved(group: Group, beyond: int) -> int:
    """Wait for a checkpoint of a later step than one."""
    while True:
        step = int(group.until("checkpoint")["step"])
        if step > beyond:
            return step


def assert_as_unbroken(session: Session, spec: Json, expected: dict[str, Any]) -> None:
    weights = session.weights(spec)
    assert weights.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-6)


def refused(group: Group) -> None:
    """A group that was ended since another has its task."""
    codes = group.wait()
    assert codes[0] == 1, group.log
    assert [event["error"]["code"] for event in group.of("lost")] == ["late-commit"]
    assert not group.of("finished") and not group.of("stopped")


def files(session: Session, spec: Json) -> dict[str, tuple[int, int]]:
    """What lies of a trained task, but for which attempts there were."""
    folder, claims = session.paths.task(spec["name"]), session.paths.claims(spec["name"])
    found = [path for path in folder.rglob("*") if path.is_file() and path.parent != claims]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


@pytest.mark.parametrize(
    ("technique", "world"), [("single", 1), pytest.param("ddp", 2, marks=nightly)]
)
def test_paused_while_another_begins(session: Session, technique: str, world: int) -> None:
    expected = unbroken(session)
    spec = session.spec(slow)
    older = session.train(spec, technique, world, attempt=1, **ALWAYS)
    until_saved(older, 5)
    older.signal(signal.SIGSTOP)
    newer = session.train(spec, technique, world, attempt=2, **ALWAYS)
    began = newer.until("started")["step"]
    assert began > 0
    saved = until_saved(newer, began + 1)
    older.signal(signal.SIGCONT)
    refused(older)
    assert saved < STEPS
    finish(newer)
    assert_as_unbroken(session, spec, expected)
    *_, last = [line for line in session.log(spec) if "segment" in line]
    assert last["segment"]["attempt"] == 2
    # What the newer made is logged once each, in order, with nothing of the older in between.
    lines = session.log(spec)
    own = [line["step"] for line in lines[lines.index(last) + 1 :] if "eval" not in line]
    assert own == list(range(began + 1, STEPS + 1))
    names = {path.name for path in session.paths.checkpoints(spec["name"]).iterdir()}
    assert names == {"final"}


def test_paused_until_another_has_finished(session: Session) -> None:
    expected = unbroken(session)
    spec = session.spec(slow)
    older = session.train(spec, "single", attempt=1, **ALWAYS)
    until_saved(older, STEPS - 8)
    older.signal(signal.SIGSTOP)
    newer = session.train(spec, "single", attempt=2, **ALWAYS)
    finish(newer)
    before = files(session, spec)
    older.signal(signal.SIGCONT)
    refused(older)
    assert files(session, spec) == before
    assert_as_unbroken(session, spec, expected)


def test_begun_late_it_leaves_at_once(session: Session) -> None:
    spec = session.spec(mlp)
    finish(session.train(spec, "single", attempt=2))
    before = files(session, spec)
    late = session.train(spec, "single", attempt=1)
    refused(late)
    assert late.of("started") == []
    assert files(session, spec) == before


def test_a_group_that_waits_for_another_lets_it_save(session: Session) -> None:
    spec = session.spec(slow)
    first = session.train(spec, "single", attempt=1, **ALWAYS)
    until_saved(first, 2)
    second = session.train(spec, "single", attempt=2, held=True, **ALWAYS)
    second.until("ready")
    first.signal(signal.SIGTERM)
    assert first.wait() == [0], first.log
    (stopped,) = first.of("stopped")
    second.amend(held=False, requestedAt=0.0)
    finish(second)
    assert second.of("started")[0]["step"] == stopped["step"]


@nightly
@pytest.mark.parametrize("cut", ["first", "both"])
def test_parts_of_two_nodes_that_are_cut_off_are_as_late(session: Session, cut: str) -> None:
    expected = unbroken(session)
    spec = session.spec(slow)
    older = session.train_across(spec, "ddp", 2, attempt=1, **ALWAYS)
    until_saved(older[0], 5)
    away = older if cut == "both" else older[:1]
    for part in away:
        part.signal(signal.SIGSTOP)
    if cut == "first":  # the other is ended by its agent, which is told to
        older[1].signal(signal.SIGKILL)
        assert older[1].wait() == [-signal.SIGKILL]
    newer = session.train(spec, "single", attempt=2, **ALWAYS)
    began = newer.until("started")["step"]
    assert began > 0
    until_saved(newer, began + 1)
    for part in away:
        part.signal(signal.SIGCONT)
    assert older[0].wait()[0] in (1, 3), older[0].log
    assert {event["error"]["code"] for event in older[0].of("lost")} <= {"late-commit"}
    assert not older[0].of("finished") and not older[0].of("stopped")
    if cut == "both":
        assert older[1].wait() != [0]
        assert older[1].of("failed") == []
    finish(newer)
    assert_as_unbroken(session, spec, expected)
    lines = session.log(spec)
    *_, last = [line for line in lines if "segment" in line]
    assert last["segment"]["attempt"] == 2
    own = [line["step"] for line in lines[lines.index(last) + 1 :] if "eval" not in line]
    assert own == list(range(began + 1, STEPS + 1))


def test_parts_that_meet_late_leave_at_once(session: Session) -> None:
    spec = session.spec(mlp)
    job = session.train_job(spec, "ddp", 2, attempt=1)
    first = session.start_part(job, 0)
    meeting = first.until("meets")["meeting"]
    finish(session.train(spec, "single", attempt=2))
    before = files(session, spec)
    second = session.start_part(job, 1, meeting=meeting)
    refused(first)
    assert first.of("started") == []
    assert second.wait() != [0]
    assert second.of("failed") == []
    assert files(session, spec) == before

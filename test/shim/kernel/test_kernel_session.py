"""The Python API against a scripted engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jupyterlab_saturn
import pytest
from fakes.engine import FakeEngine, FakeLauncher
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.device_request import device_request, parse_bytes
from jupyterlab_saturn.kernel.duration import duration
from jupyterlab_saturn.kernel.session import Session
from jupyterlab_saturn.private_folders import ensure_private
from waiting import SECONDS


def make(lr: float = 0.1) -> None:
    """A factory; the fake engine never calls it."""


def test_add_writes_a_private_payload_and_sends_specs(session: Session, engine: FakeEngine) -> None:
    view = session.add(make, {"lr": [0.1, 0.2]}, epochs=2)
    assert view.text == "the tasks of make-0.1, make-0.2"
    (type, body), *_ = engine.received
    assert type == "tasks.add" and body["replace"] is False
    assert [spec["name"] for spec in body["tasks"]] == ["make-0.1", "make-0.2"]
    path = session.paths.payload(body["tasks"][0]["payload"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(session.paths.payloads.glob("*.tmp"))


def test_a_broken_task_is_told_and_the_others_stay(session: Session, engine: FakeEngine) -> None:
    broken = {
        "status": "invalid",
        "error": {"code": "factory-failed", "message": "make raised: no", "traceback": "line 7"},
    }
    ready = engine.inspect
    engine.inspect = lambda spec: broken if spec["params"]["lr"] == 0.2 else ready(spec)
    view = session.add(make, {"lr": [0.1, 0.2]}, wait=True)
    assert view.text == "the tasks of make-0.1, make-0.2"
    engine.inspect = lambda _: broken
    with pytest.raises(SaturnError) as caught:
        session.add(make, {"lr": [0.3, 0.4]}, wait=True)
    assert (caught.value.code, caught.value.traceback) == ("factory-failed", "line 7")


def test_add_does_not_wait_without_devices(session: Session, engine: FakeEngine) -> None:
    engine.change(cluster={"nodes": []})
    engine.inspect = lambda _: {"status": "inspecting"}
    assert "%saturn cluster" in session.add(make).text
    assert "%saturn cluster" in session.add(make, wait=True).text


def test_add_leaves_building_to_the_engine(session: Session, engine: FakeEngine) -> None:
    engine.inspect = lambda _: {"status": "inspecting"}
    assert session.add(make, {"lr": [0.1, 0.2]}).text == "the tasks of make-0.1, make-0.2"


def test_a_check_waits_until_the_tasks_are_built(session: Session, engine: FakeEngine) -> None:
    session.add(make, {"lr": [0.1, 0.2]})
    built = engine.state["tasks"]
    engine.change(tasks=[{**task, "status": "inspecting"} for task in built])
    threading.Timer(0.3, lambda: engine.change(tasks=built)).start()
    assert session.check().text == "the check"
    assert session.attachment.state["tasks"] == built  # type: ignore[index]
    assert session.check(["make-0.2"]).text == "the check of make-0.2"
    engine.change(cluster={"nodes": []}, tasks=[{**built[0], "status": "inspecting"}])
    assert "%saturn cluster" in session.check().text


@pytest.mark.parametrize("options", [{"epochs": 0}, {"steps": -1}, {"seed": -1}])
def test_impossible_lengths(session: Session, options: dict[str, Any]) -> None:
    with pytest.raises(SaturnError):
        session.add(make, **options)


@pytest.mark.parametrize("thing", [print, 3, Session, lambda: None, pytest])
def test_only_functions_make_tasks(session: Session, engine: FakeEngine, thing: Any) -> None:
    if getattr(thing, "__name__", "") == "<lambda>":
        session.add(thing)
        assert engine.received[0][1]["tasks"][0]["name"] == "task-_lambda_"
    else:
        with pytest.raises(SaturnError) as caught:
            session.add(thing)
        assert caught.value.code == "not-a-function"


def test_verbs_send_what_they_mean(session: Session, engine: FakeEngine) -> None:
    session.cluster(cpu=2, memory="4GB")
    session.profile(force=True)
    session.plan(seconds=1, exclude=["fsdp"])
    session.run(["a"], exclude=["ddp"])
    session.stop("a")
    session.remove(["a"])
    session.reset()
    sent = [(type, body) for type, body in engine.received if type != "render"]
    cpu = {"request": {"kind": "cpu", "count": 2, "memoryBytes": 4_000_000_000}}
    assert sent == [
        ("cluster.set", cpu),
        ("profile", {"force": True}),
        ("plan", {"budget": {"seconds": 1}, "excludeTechniques": ["fsdp"]}),
        ("plan", {"excludeTechniques": ["ddp"]}),
        ("run", {"tasks": ["a"]}),
        ("stop", {"tasks": ["a"]}),
        ("tasks.remove", {"tasks": ["a"]}),
        ("reset", {}),
    ]


def trained(engine: FakeEngine, *, hours: float, step: int = 44, status: str = "finished") -> None:
    """Have the first task of the session trained for so long."""
    first, *others = engine.state["tasks"]
    attempt = {
        "number": 1,
        "strategy": {"technique": "single", "devices": 1},
        "node": "local",
        "devices": ["cpu0"],
        "requestedAt": 1e9,
        "endedAt": 1e9 + hours * 3600,
    }
    done = {"status": status, "attempts": [attempt], "progress": {"step": step}}
    engine.change(tasks=[{**first, **done}, *others])


@pytest.mark.parametrize(
    "order", [lambda s: s.reset(), lambda s: s.remove(["make-0.1", "make-0.2"])]
)
def test_what_was_trained_is_not_taken_out_by_a_word(
    session: Session, engine: FakeEngine, order: Callable[[Session], object]
) -> None:
    session.add(make, {"lr": [0.1, 0.2]})
    trained(engine, hours=12.05)
    with pytest.raises(SaturnError) as caught:
        order(session)
    assert caught.value.code == "trained-tasks"
    assert "1 trained task, 12 h 3 min of training in all: make-0.1." in caught.value.message
    assert "--yes" in str(caught.value.hint) and "yes=True" in str(caught.value.hint)
    assert not {"reset", "tasks.remove"} & set(engine.types())


def test_what_was_trained_in_part_counts_as_well(session: Session, engine: FakeEngine) -> None:
    session.add(make, {"lr": [0.1, 0.2]})
    trained(engine, hours=1, step=3, status="stopped")
    with pytest.raises(SaturnError, match="1 task trained in part, 1 h of training"):
        session.reset()


def test_what_was_not_trained_is_taken_out_at_once(session: Session, engine: FakeEngine) -> None:
    session.add(make, {"lr": [0.1, 0.2]})
    trained(engine, hours=1)
    session.remove(["make-0.2"])
    session.remove(["make-0.1"], yes=True)
    session.reset(yes=True)
    assert [type for type in engine.types() if type in ("reset", "tasks.remove")] == [
        "tasks.remove",
        "tasks.remove",
        "reset",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (4.23, "4.2 s"),
        (24.31, "24.3 s"),
        (59.96, "1 min"),
        (80, "1 min 20 s"),
        (3600, "1 h"),
        (43_380, "12 h 3 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_lengths_of_time_are_written_as_everywhere(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_wait_ends_when_nothing_trains(session: Session, engine: FakeEngine) -> None:
    session.run()
    waiter = threading.Thread(target=session.wait)
    waiter.start()
    engine.change(trialsDone=1)
    session.attachment.attach().wait_for(lambda state: state["trialsDone"] == 1, SECONDS)
    assert waiter.is_alive()
    engine.change(goal="none")
    waiter.join(SECONDS)
    assert not waiter.is_alive()


def test_a_plan_that_fails_raises_the_reason(session: Session, engine: FakeEngine) -> None:
    answer = engine._answer

    def fail(kind: str, body: Any) -> Any:
        if kind != "plan":
            return answer(kind, body)
        engine.change(goal="plan")
        engine.change(goal="none", notices=[{"code": "bad-plan", "message": "It overlaps."}])
        return "ok", {"rev": engine.state["rev"]}

    engine._answer = fail  # type: ignore[method-assign]
    with pytest.raises(SaturnError, match="overlaps"):
        session.plan()


def test_results_are_rows(session: Session, engine: FakeEngine) -> None:
    session.add(make)
    task = engine.state["tasks"][0]
    attempt = {
        "number": 1,
        "strategy": {"technique": "fsdp", "devices": 2, "knobs": {"reshard": False}},
        "node": "n",
        "devices": ["cpu0", "cpu1"],
        "requestedAt": 101.5,
        "endedAt": 104.25,
        "planned": {"start": 100, "end": 103},
        "outcome": "finished",
    }
    result = {
        "loss": 0.5,
        "metrics": {"accuracy": 0.9},
        "model": "tasks/make/model.pt",
        "stoppedEarly": True,
    }
    validations = [{"step": 5, "metrics": {"accuracy": 0.8}}]
    progress = {"step": 10, "loss": 0.5}
    done = {**task, "status": "finished", "attempts": [attempt], "result": result}
    done["validations"] = validations
    engine.change(tasks=[{**done, "progress": progress}], run={"startedAt": 100})
    (row,) = results = session.results()
    assert row == {
        "task": "make",
        "status": "finished",
        "params": {},
        "technique": "fsdp",
        "knobs": {"reshard": False},
        "devices": ["cpu0", "cpu1"],
        "steps": 10,
        "loss": 0.5,
        "metrics": {"accuracy": 0.9},
        "validations": validations,
        "stopped_early": True,
        "given_up": None,
        "rungs": [],
        "best_step": None,
        "evaluation_error": None,
        "model": "/nowhere/tasks/make/model.pt",
        "planned": {"start": 0, "end": 3},
        "actual": {"start": 1.5, "end": 4.25},
    }
    assert results._repr_mimebundle_() == {
        "text/plain": "the results",
        "text/html": "<b>the results</b>",
    }


def test_looking_starts_nothing(session: Session, launcher: FakeLauncher) -> None:
    assert "No session" in session.status().text
    assert "No session" in session.show().text
    assert session.results() == []
    session.wait()
    assert launcher.starts == 0
    assert not session.paths.folder.exists()


def test_a_dead_agent_is_started_again_by_the_next_verb(
    session: Session,
    engine: FakeEngine,
    launcher: FakeLauncher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jupyterlab_saturn.kernel.socket_thread.SILENCE_SECONDS", 0.3)
    session.run()
    dying = threading.Timer(0.2, launcher.die)
    dying.start()
    with pytest.raises(SaturnError) as caught:
        session.wait()
    assert caught.value.code == "agent-gone"
    assert session.attachment.error is not None
    dying.join()
    assert session.status().text == "the status"
    assert launcher.starts == 2
    assert session.attachment.error is None


def test_the_first_request_after_a_death_is_answered(
    session: Session, engine: FakeEngine, launcher: FakeLauncher
) -> None:
    """Long before the connection could notice that nobody speaks any more."""
    for starts in (2, 3):
        launcher.die()
        assert session.run().text == "the run"
        assert launcher.starts == starts


def test_an_agent_that_dies_while_it_is_asked_is_started_again(
    session: Session, engine: FakeEngine, launcher: FakeLauncher
) -> None:
    engine.silent.add("run")
    dying = threading.Timer(0.2, launcher.die)
    dying.start()
    assert session.run().text == "the run"
    dying.join()
    assert launcher.starts == 2
    assert launcher.engine is not None and "run" in launcher.engine.types()


def test_two_notebooks_share_a_session(
    session: Session, engine: FakeEngine, launcher: FakeLauncher
) -> None:
    other = Session(launcher=launcher)
    try:
        session.add(make)
        state = other.attachment.attach().wait_for(lambda state: bool(state["tasks"]), SECONDS)
        assert [task["spec"]["name"] for task in state["tasks"]] == ["make"]
        other.run()
        session.attachment.attach().wait_for(lambda state: state["goal"] == "run", SECONDS)
        assert launcher.starts == 1
    finally:
        other.close()


def test_a_folder_that_cannot_be_made(home: Path) -> None:
    # Root may write anywhere, so the path is made impossible: a file stands in its place.
    (home / "saturn").write_text("not a folder")
    session = Session()
    with pytest.raises(SaturnError) as caught:
        session.cluster(cpu=1)
    assert caught.value.code == "not-writable"
    assert "SATURN_HOME" in (caught.value.hint or "")


def test_a_payload_that_cannot_be_written(session: Session, engine: FakeEngine) -> None:
    session.paths.payloads.rmdir()
    session.paths.payloads.write_text("")
    with pytest.raises(SaturnError) as caught:
        session.add(make)
    assert caught.value.code == "not-writable"
    assert "tasks.add" not in engine.types()


def test_private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ensure_private(tmp_path / "mine").stat().st_mode & 0o777 == 0o700
    # The best model is kept in a folder of the checkpoints, which come after it.
    ensure_private(tmp_path / "checkpoints" / "best")
    ensure_private(tmp_path / "checkpoints")
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(SaturnError, match="Others may enter"):
        ensure_private(tmp_path / "open")
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(SaturnError, match="not a folder of yours"):
        ensure_private(tmp_path / "mine")


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("1.5 GiB", 3 * 2**29), ("512m", 512 * 10**6), (2**21, 2**21)],
)
def test_sizes(text: str | int, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "-4GB", "10", "4XB"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(SaturnError) as caught:
        parse_bytes(text)
    assert caught.value.code == "bad-memory"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"cpu": 0}, "no-devices"),
        ({"gpu": 0}, "no-devices"),
        ({"cpu": -1}, "no-devices"),
        ({"cpu": 5000}, "no-devices"),
        ({"cpu": 1, "gpu": 1}, "bad-devices"),
        ({"gpu": 1, "memory": "1GB"}, "bad-devices"),
    ],
)
def test_impossible_clusters(options: dict[str, Any], code: str) -> None:
    with pytest.raises(SaturnError) as caught:
        device_request(**options)
    assert caught.value.code == code


def test_device_requests_fit_the_wire() -> None:
    for options in ({}, {"cpu": 2}, {"gpu": True}, {"gpu": 3}, {"cpu": 1, "memory": "4GiB"}):
        wire.validate("DeviceRequest", device_request(**options))


def test_the_package_offers_the_api() -> None:
    assert jupyterlab_saturn.Session is Session
    assert jupyterlab_saturn.session() is jupyterlab_saturn.session("default")
    (paths,) = jupyterlab_saturn._jupyter_labextension_paths()
    assert paths == {"src": "labextension", "dest": "jupyterlab-saturn"}
    with pytest.raises(AttributeError):
        jupyterlab_saturn.nonsense  # noqa: B018


def test_a_retry_says_what_had_failed(session: Session, engine: FakeEngine) -> None:
    session.add(make, {"lr": [0.1, 0.2]})
    error = {"code": "no", "message": "The labels are wrong."}
    good, bad = engine.state["tasks"]
    engine.change(tasks=[good, {**bad, "status": "failed", "error": error}])
    text = session.retry().text
    assert "make-0.2 again. It had failed: The labels are wrong." in text
    assert "make-0.1 again" not in text


def test_a_clone_in_python(session: Session, engine: FakeEngine) -> None:
    view = session.clone("make-0.1", lr=0.3, warm_start="last", name="new")
    assert view.text == "the tasks of clone"
    body = {"task": "make-0.1", "params": {"lr": 0.3}, "weights": "last", "name": "new"}
    assert ("tasks.clone", body) in engine.received
    with pytest.raises(SaturnError) as caught:
        session.clone("make-0.1", {"lr": object()})  # type: ignore[dict-item]
    assert caught.value.code == "bad-sweep"


def test_a_clone_that_cannot_be_built_is_told(session: Session, engine: FakeEngine) -> None:
    session.add(make)
    [task] = engine.state["tasks"]
    error = {"code": "weights-mismatch", "message": "They do not fit."}
    broken = {**task, "spec": {**task["spec"], "name": "clone"}, "status": "invalid"}
    engine.change(tasks=[task, {**broken, "error": error}])
    with pytest.raises(SaturnError) as caught:
        session.clone("make", lr=1)
    assert caught.value.code == "weights-mismatch"

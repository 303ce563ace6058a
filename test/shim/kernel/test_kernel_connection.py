"""The line to the engine: requests, pushed states, restarts, and ends."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.engine import FakeEngine, FakeLauncher
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel import socket_thread as module
from jupyterlab_saturn.kernel.connection import Connection
from jupyterlab_saturn.wire import message
from waiting import SECONDS, until

HELLO = {"pid": 1, "version": "0.1.0"}


@pytest.fixture
def fake(launcher: FakeLauncher) -> Iterator[FakeEngine]:
    engine = FakeEngine(launcher.endpoint)
    yield engine
    engine.stop()


@pytest.fixture
def connection(fake: FakeEngine) -> Iterator[Connection]:
    connection = Connection(fake.endpoint, lambda: True, HELLO)
    connection.wait_for(lambda _: True, SECONDS)
    yield connection
    connection.close()


def test_says_hello_and_learns_the_state(fake: FakeEngine, connection: Connection) -> None:
    assert fake.received == [("hello", HELLO)]
    assert connection.attached
    assert connection.state is not None and connection.state["session"] == "default"


def test_requests_get_their_replies(fake: FakeEngine, connection: Connection) -> None:
    assert connection.request(message("client", "render", {"view": "plan"}))["text"] == "the plan"
    fake.refused["run"] = {"code": "no-tasks", "message": "None.", "hint": "Make some."}
    with pytest.raises(SaturnError) as caught:
        connection.request(message("client", "run"))
    assert (caught.value.code, caught.value.hint) == ("no-tasks", "Make some.")


def test_bad_requests_never_leave(fake: FakeEngine, connection: Connection) -> None:
    with pytest.raises(SaturnError, match="malformed"):
        connection.request(message("client", "render", {"view": "nonsense"}))
    with pytest.raises(SaturnError, match="'dance'"):
        connection.request(message("client", "dance"))
    assert fake.types() == ["hello"]


def test_what_is_too_large_is_refused_here_and_the_line_stays(
    fake: FakeEngine, connection: Connection
) -> None:
    task = {"name": "t", "sweep": "t", "params": {}, "seed": 0, "hash": "h"}
    task |= {"payload": "0123456789abcdef.pkl", "source": "#" * 1000}
    tasks = [task] * (wire.schema()["maxBytes"] // 1000)
    with pytest.raises(SaturnError) as caught:
        connection.request(message("client", "tasks.add", {"tasks": tasks}))
    assert (caught.value.code, caught.value.hint) == ("too-large", "Send fewer tasks at once.")
    assert connection.request(message("client", "state"))["state"]["rev"] == 1
    assert fake.types() == ["hello", "state"]


def test_silence_ends_in_advice(fake: FakeEngine, connection: Connection) -> None:
    fake.silent.add("run")
    with pytest.raises(SaturnError) as caught:
        connection.request(message("client", "run"), timeout=0.05)
    assert caught.value.code == "engine-silent"
    assert caught.value.hint


def test_pushed_states_reach_waiters_and_listeners(
    fake: FakeEngine, connection: Connection
) -> None:
    heard: list[int] = []
    seen: list[int] = []
    end = connection.listen(lambda state, _: heard.append(state["rev"]), lambda: None)
    fake.change(goal="profile")
    fake.change(goal="none", trialsDone=3)
    state = connection.wait_for(
        lambda state: state["trialsDone"] == 3, SECONDS, lambda state: seen.append(state["rev"])
    )
    assert state["rev"] == 3
    assert seen[-1] == 3
    until(lambda: heard == [2, 3])
    end()
    fake.change()
    connection.wait_for(lambda state: state["rev"] == 4, SECONDS)
    assert heard == [2, 3]


def test_a_failing_listener_ends_nothing(fake: FakeEngine, connection: Connection) -> None:
    connection.listen(lambda state, _: state["nothing"], lambda: None)
    fake.change()
    connection.wait_for(lambda state: state["rev"] == 2, SECONDS)
    assert connection.request(message("client", "state"))["state"]["rev"] == 2


def test_a_restarted_engine_is_greeted_and_asked_again(
    fake: FakeEngine, connection: Connection
) -> None:
    fake.silent.add("profile")
    answers: list[str] = []
    connection.post(
        message("client", "profile", {}), lambda envelope: answers.append(envelope["type"])
    )
    until(lambda: "profile" in fake.types())
    fake.stop()
    second = FakeEngine(fake.endpoint, {**fake.state, "rev": 100})
    try:
        connection.wait_for(lambda state: state["rev"] >= 100, SECONDS)
        until(lambda: answers == ["ok"])
        assert second.types() == ["hello", "profile"]
        assert not connection.gone
    finally:
        second.stop()


def test_what_was_given_up_is_not_asked_again(fake: FakeEngine, connection: Connection) -> None:
    fake.silent.add("run")
    with pytest.raises(SaturnError):
        connection.request(message("client", "run"), timeout=0.05)
    fake.stop()
    second = FakeEngine(fake.endpoint, {**fake.state, "rev": 100})
    try:
        connection.wait_for(lambda state: state["rev"] >= 100, SECONDS)
        assert connection.request(message("client", "state"))["state"]["rev"] == 100
        assert second.types() == ["hello", "state"]
    finally:
        second.stop()


def test_a_dead_agent_is_noticed(launcher: FakeLauncher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.3)
    fake = FakeEngine(launcher.endpoint)
    statuses: list[bool] = []
    living = [True]
    connection = Connection(fake.endpoint, lambda: living[0], HELLO)
    connection.listen(lambda *_: None, lambda: statuses.append(connection.gone))
    try:
        connection.wait_for(lambda _: True, SECONDS)
        living[0] = False
        fake.stop()
        with pytest.raises(SaturnError) as caught:
            connection.wait_for(lambda _: False, SECONDS)
        assert caught.value.code == "agent-gone"
        assert connection.gone and not connection.attached
        assert statuses[-1] is True
        with pytest.raises(SaturnError, match="not running"):
            connection.request(message("client", "state"))
    finally:
        connection.close()
        fake.stop()


def test_pings_keep_coming_and_an_engine_that_is_slow_is_not_greeted_again(
    launcher: FakeLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PING_SECONDS", 0.05)
    monkeypatch.setattr(module, "SILENCE_SECONDS", 1.5)
    fake = FakeEngine(launcher.endpoint)
    connection = Connection(fake.endpoint, lambda: True, HELLO)
    try:
        connection.wait_for(lambda _: True, SECONDS)
        until(lambda: fake.pings >= 3)
        fake.silent.add("ping")
        until(lambda: not connection.attached)
        pings = fake.pings
        until(lambda: fake.pings >= pings + 2)
        fake.silent.clear()
        until(lambda: connection.attached)
        assert (fake.types(), fake.whole) == (["hello"], 1)
    finally:
        connection.close()
        fake.stop()


def test_what_changes_is_taken_in_and_said_so(fake: FakeEngine, connection: Connection) -> None:
    told: list[object] = []
    connection.listen(lambda _, change: told.append(change and change["base"]), lambda: None)
    fake.change(goal="profile")
    fake.change(goal="none", selected=["a"])
    state = connection.wait_for(lambda state: state["rev"] == 3, SECONDS)
    assert (state["goal"], state["selected"], fake.whole) == ("none", ["a"], 1)
    until(lambda: fake.taken == [1, 2, 3])
    assert told == [1, 2]


def test_a_gap_has_the_whole_state_asked_for(fake: FakeEngine, connection: Connection) -> None:
    told: list[object] = []
    connection.listen(lambda _, change: told.append(change), lambda: None)
    for client in fake._told:
        fake._told[client] = {**fake.state, "rev": 0}
    fake.change(trialsDone=3)
    state = connection.wait_for(lambda state: state["trialsDone"] == 3, SECONDS)
    assert (state["rev"], fake.types()) == (2, ["hello", "state"])
    until(lambda: told == [None])


def test_the_state_of_now_needs_no_whole_state(fake: FakeEngine, connection: Connection) -> None:
    fake.change(trialsDone=3)
    assert connection.sync()["trialsDone"] == 3
    assert (fake.types(), fake.whole) == (["hello"], 1)


def test_an_engine_of_another_version_says_so_at_once(launcher: FakeLauncher) -> None:
    fake = FakeEngine(launcher.endpoint)
    fake.refused["hello"] = {"code": "other-version", "message": "It is 9.", "hint": "Restart."}
    connection = Connection(fake.endpoint, lambda: True, HELLO)
    try:
        for ask in (lambda: connection.wait_for(lambda _: True, SECONDS), connection.sync):
            with pytest.raises(SaturnError) as caught:
                ask()
            assert (caught.value.code, caught.value.hint) == ("other-version", "Restart.")
        assert connection.gone and not connection.attached
    finally:
        connection.close()
        fake.stop()


def test_a_reply_that_nobody_understands_is_one(fake: FakeEngine, connection: Connection) -> None:
    fake.odd["render"] = {"text": 7, "html": ""}
    with pytest.raises(SaturnError, match="malformed"):
        connection.request(message("client", "render", {"view": "plan"}), timeout=30)


def test_a_state_that_is_of_other_tasks_ends_nothing(
    fake: FakeEngine, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"state": fake.state, "judged": [{"tasks": [9], "feasibility": []}]}
    with monkeypatch.context() as patched:
        patched.setattr(fake, "_answer", lambda kind, body: ("state", other))
        with pytest.raises(SaturnError, match="others than there are"):
            connection.request(message("client", "run"), timeout=30)
    assert connection.request(message("client", "render", {"view": "plan"}))["text"] == "the plan"


def test_a_kernel_that_does_not_read_is_not_an_engine_that_is_silent(
    fake: FakeEngine, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyterlab_saturn.kernel.connection._READ_SECONDS", 0.1)
    held, free = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        held.set()
        free.wait(SECONDS)

    connection.listen(hold, lambda: None)
    fake.change()
    assert held.wait(SECONDS)
    try:
        with pytest.raises(SaturnError) as caught:
            connection.request(message("client", "run"), timeout=0.05)
        assert caught.value.code == "kernel-behind"
    finally:
        free.set()


def test_a_kernel_that_was_held_up_still_finds_its_reply(
    fake: FakeEngine, connection: Connection
) -> None:
    held, free = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        held.set()
        free.wait(SECONDS)

    connection.listen(hold, lambda: None)
    fake.change()
    assert held.wait(SECONDS)
    threading.Timer(0.5, free.set).start()
    assert connection.request(message("client", "run"), timeout=0.05)["rev"] >= 2


def test_closing_leaves_no_thread_and_is_idempotent(fake: FakeEngine) -> None:
    before = threading.active_count()
    for _ in range(3):
        connection = Connection(fake.endpoint, lambda: True, HELLO)
        connection.wait_for(lambda _: True, SECONDS)
        connection.close()
        connection.close()
    assert threading.active_count() == before
    with pytest.raises(SaturnError, match="closed"):
        connection.request(message("client", "state"))


def test_closing_without_an_engine(tmp_path: Path) -> None:
    before = threading.active_count()
    Connection(f"ipc://{tmp_path}/none", lambda: True, HELLO).close()
    assert threading.active_count() == before


def test_a_forked_child_is_refused_and_harms_nothing(connection: Connection) -> None:
    context = multiprocessing.get_context("fork")
    codes = context.SimpleQueue()

    def child() -> None:
        try:
            connection.request(message("client", "state"))
        except SaturnError as error:
            codes.put(error.code)
        connection.close()

    process = context.Process(target=child)
    process.start()
    assert codes.get() == "forked"
    process.join(SECONDS)
    assert process.exitcode == 0
    assert connection.request(message("client", "state"))["state"]["rev"] == 1

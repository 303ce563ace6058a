"""The relay between the front end's comm and the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakes.engine import PLAN, FakeEngine, FakeLauncher
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.kernel.comm_relay import Relay
from jupyterlab_saturn.kernel.session import Session
from jupyterlab_saturn.kernel.state_change import with_change
from waiting import SECONDS


class FrontEnd:
    """The browser's end of a comm: validates what comes, finds replies by id."""

    def __init__(self) -> None:
        self.comm_id = "comm-1"
        self.got: list[Json] = []
        self.closed = False
        self._changed = threading.Condition()
        self._on_msg: Callable[[Json], None] = lambda _: None
        self._on_close: Callable[[Json], None] = lambda _: None

    # What the kernel does with its end.

    def on_msg(self, callback: Callable[[Json], None]) -> None:
        self._on_msg = callback

    def on_close(self, callback: Callable[[Json], None]) -> None:
        self._on_close = callback

    def send(self, data: Json) -> None:
        wire.check("kernel" if data["type"].startswith("kernel.") else "engine", data)
        with self._changed:
            self.got.append(data)
            self._changed.notify_all()

    def close(self) -> None:
        self.closed = True

    # What the browser does with its own.

    def say(self, type: str, body: Json | None = None, id: str = "1") -> None:
        self.deliver({"v": 1, "id": id, "type": type, "body": body or {}})

    def deliver(self, data: Any) -> None:
        self._on_msg({"content": {"data": data}})

    def leave(self) -> None:
        self._on_close({})

    def find(self, condition: Callable[[Json], bool] = bool, **wanted: Any) -> Json:
        """The first message with these fields and this condition; waits for it."""

        def found() -> list[Json]:
            return [
                message
                for message in self.got
                if all(message.get(key) == value for key, value in wanted.items())
                and condition(message["body"])
            ]

        with self._changed:
            assert self._changed.wait_for(found, SECONDS), self.got
            return found()[0]


@pytest.fixture
def relay(session: Session) -> Iterator[Relay]:
    relay = Relay()
    relay.follow(session)
    yield relay
    relay.close()


@pytest.fixture
def front(relay: Relay) -> FrontEnd:
    front = FrontEnd()
    relay._on_open(front, {})
    return front


HELLO = {"pid": 0, "version": "0.1.0"}


def test_hello_to_a_kernel_that_is_not_attached(front: FrontEnd, launcher: FakeLauncher) -> None:
    front.say("hello", HELLO)
    status = front.find(type="kernel.status", re="1")
    assert status["body"] == {"version": "0.1.0", "session": "default", "attached": False}
    assert launcher.starts == 0


def test_attach_starts_the_session_and_brings_its_state(
    front: FrontEnd, launcher: FakeLauncher
) -> None:
    front.say("attach")
    assert front.find(type="kernel.status", re="1")["body"]["attached"] is True
    assert front.find(type="state")["body"]["state"]["session"] == "default"
    assert launcher.starts == 1
    front.say("hello", HELLO, id="2")
    assert front.find(type="kernel.status", re="2")["body"]["attached"] is True


def test_attach_that_fails_says_why(
    front: FrontEnd, launcher: FakeLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> str:
        raise OSError("no more processes")

    monkeypatch.setattr(launcher, "ensure", refuse)
    front.say("attach")
    body = front.find(type="kernel.status", re="1")["body"]
    assert body["attached"] is False
    assert "no more processes" in body["error"]["message"]


def test_messages_pass_as_they_are_and_replies_find_back(
    front: FrontEnd, engine: FakeEngine
) -> None:
    front.say("render", {"view": "plan"}, id="a")
    front.say("plan", {"excludeTechniques": ["ddp"]}, id="b")
    assert front.find(re="a")["body"]["text"] == "the plan"
    assert front.find(re="b")["type"] == "ok"
    assert engine.received == [
        ("render", {"view": "plan"}),
        ("plan", {"excludeTechniques": ["ddp"]}),
    ]
    engine.refused["run"] = {"code": "no-tasks", "message": "None."}
    front.say("run", id="c")
    assert front.find(re="c")["body"]["error"]["code"] == "no-tasks"


def test_changes_are_passed_on_as_they_are_and_once(front: FrontEnd, engine: FakeEngine) -> None:
    front.say("hello", HELLO)
    known = front.find(type="state")["body"]["state"]
    front.got.clear()
    engine.change(trialsDone=9)
    change = front.find(type="change")["body"]
    assert change == {
        "base": known["rev"],
        "rev": engine.state["rev"],
        "session": {"trialsDone": 9},
    }
    assert with_change(known, change) == engine.state
    assert [message["type"] for message in front.got] == ["change"]


def test_a_session_that_is_followed_is_told_as_a_whole(
    relay: Relay, front: FrontEnd, engine: FakeEngine, session: Session
) -> None:
    front.got.clear()
    relay.follow(session)
    assert front.find(type="state")["body"]["state"] == engine.state


def test_what_a_front_end_has_taken_in_is_no_matter_of_the_engine(
    front: FrontEnd, engine: FakeEngine
) -> None:
    front.say("state.taken", {"rev": 99})
    front.say("render", {"view": "plan"}, id="a")
    front.find(re="a")
    assert 99 not in engine.taken


@pytest.mark.parametrize(
    ("data", "code", "re"),
    [
        ({"v": 1, "id": "x", "type": "dance", "body": {}}, "unknown-message", "x"),
        ({"v": 2, "id": "x", "type": "run", "body": {}}, "bad-message", "x"),
        ({"v": 1, "id": "x", "type": "run", "body": {"tasks": []}}, "bad-message", "x"),
        ({"v": 1, "id": "x", "type": "agent.ping", "body": {}}, "unknown-message", "x"),
        ({"v": 1, "id": 7, "type": "run", "body": {}}, "bad-message", None),
        ("run", "bad-message", None),
    ],
)
def test_bad_messages_are_answered_and_go_nowhere(
    front: FrontEnd, engine: FakeEngine, data: Any, code: str, re: str | None
) -> None:
    front.deliver(data)
    answer = front.find(type="error")
    assert answer["body"]["error"]["code"] == code
    assert answer.get("re") == re
    assert engine.received == []


def test_requests_without_a_session_are_refused(front: FrontEnd) -> None:
    front.say("run")
    assert front.find(re="1")["body"]["error"]["code"] == "not-attached"


def test_changes_of_attachment_are_told(
    front: FrontEnd,
    engine: FakeEngine,
    launcher: FakeLauncher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jupyterlab_saturn.kernel.socket_thread.SILENCE_SECONDS", 0.3)
    launcher.die()
    gone = front.find(lambda body: "error" in body, type="kernel.status")
    assert gone["body"]["attached"] is False
    assert gone["body"]["error"]["code"] == "agent-gone"


def test_a_closed_comm_gets_nothing_more(
    front: FrontEnd, relay: Relay, engine: FakeEngine, session: Session
) -> None:
    front.leave()
    count = len(front.got)
    engine.change(trialsDone=5)
    session.attachment.attach().wait_for(lambda state: state["trialsDone"] == 5, SECONDS)
    assert len(front.got) == count
    relay.close()
    assert front.closed is False  # it was closed from the other end


def test_following_another_session(
    front: FrontEnd, relay: Relay, engine: FakeEngine, launcher: FakeLauncher
) -> None:
    other = Session("other", launcher=launcher)
    relay.follow(other)
    assert front.got[-1]["body"]["session"] == "other"
    other.close()


def test_the_widget_waits_for_a_front_end(
    front: FrontEnd, relay: Relay, engine: FakeEngine, session: Session
) -> None:
    assert session.show().widget is None
    front.say("hello", HELLO)
    first = session.show()
    assert session.run().widget == first.widget is not None
    bundle = first._repr_mimebundle_()
    assert set(bundle) == {
        "text/plain",
        "text/html",
        "application/vnd.jupyterlab-saturn.session+json",
        "application/vnd.jupyter.widget-view+json",
    }
    assert bundle["application/vnd.jupyterlab-saturn.session+json"] == {
        "session": session.name,
        "view": "schedule",
        "over": True,
    }
    # A plan stays as it was made, with what it was compared with, and a status as it was found.
    for still in (session.plan(), session.status()):
        assert set(still._repr_mimebundle_()) == {"text/plain", "text/html"}
    widget = relay._widget
    assert widget.model_id == first.widget
    names = {"_model_name": "SaturnModel", "_view_name": "SaturnView"}
    for name, value in {**names, "_model_module": "jupyterlab-saturn"}.items():
        assert getattr(widget, name) == value


def test_the_widget_keeps_what_is_saved_and_tells_who_draws_it_the_rest(
    front: FrontEnd,
    relay: Relay,
    engine: FakeEngine,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    front.say("hello", HELLO)
    session.show()
    widget = relay._widget
    updates: list[str] = []
    widget.observe(lambda change: updates.append(change["new"]["goal"]), "state")
    told: list[Json] = []
    monkeypatch.setattr(widget, "send", told.append)
    for goal in ("plan", "run"):
        engine.change(goal=goal, trialsDone=7)
    front.find(lambda body: body["session"]["goal"] == "run", type="change")
    # Nobody draws it: what changes goes to the notebook's own front end alone.
    assert (updates, told) == ([], [])
    relay._on_widget(widget, {"v": 1, "id": "w", "type": "hello", "body": HELLO}, [])
    assert [message["type"] for message in told] == ["kernel.status", "state"]
    engine.change(goal="none", plan={"plan": {**PLAN, "log": []}, "madeAt": 1, "fresh": True})
    front.find(lambda body: body["session"].get("goal") == "none", type="change")
    assert told[-1]["type"] == "change" and "plan" in told[-1]["body"]["session"]
    # At rest it is what a notebook that is saved now shows when it is opened.
    session.attachment.attach().sync()
    assert updates == ["none"] and widget.state["plan"]["plan"] == PLAN


def test_the_widget_of_a_session_that_is_not_followed_any_more_stays_as_it_is(
    front: FrontEnd,
    relay: Relay,
    engine: FakeEngine,
    session: Session,
    launcher: FakeLauncher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    front.say("hello", HELLO)
    session.show()
    before = relay._widget
    told: list[Json] = []
    monkeypatch.setattr(before, "send", told.append)
    other = Session("other", launcher=launcher)
    relay.follow(other)
    other.attachment.attach().sync()
    relay._on_widget(before, {"v": 1, "id": "w", "type": "hello", "body": HELLO}, [])
    engine.change(goal="run")
    front.find(lambda body: body["session"].get("goal") == "run", type="change")
    other.attachment.attach().sync()
    # What comes late of the session before is of no account, either.
    front.got.clear()
    relay._on_state(session, engine.state, None)
    assert (told, front.got) == ([], [])

    # That of the other one is kept up to date all the same.
    other.show()
    after = relay._widget
    assert after is not before
    engine.change(goal="none", trialsDone=4)
    front.find(lambda body: body["session"].get("goal") == "none", type="change")
    other.attachment.attach().sync()
    assert after.state["trialsDone"] == 4
    other.close()


def test_a_listener_that_fails_keeps_nothing_from_the_others(
    engine: FakeEngine, session: Session
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no")

    heard: list[int] = []
    session.attachment.listen(fail, fail)
    session.attachment.listen(lambda state, _: heard.append(state["trialsDone"]), fail)
    connection = session.attachment.attach()
    engine.change(trialsDone=3)
    connection.wait_for(lambda state: state["trialsDone"] == 3, SECONDS)
    connection.sync()
    assert heard[-1] == 3


def test_a_cell_has_the_session_shown_in_a_tab_once_a_front_end_is_there(
    engine: FakeEngine, relay: Relay, session: Session
) -> None:
    assert "palette" in session.view().text
    front = FrontEnd()
    relay._adopt(front)
    assert "palette" in session.view().text  # it may be any front end, until it has said hello
    front.say("hello", {"pid": 0, "version": "0.1.0"})
    assert "tab of its own" in session.view().text
    assert front.find(type="kernel.view")["body"] == {"folder": str(session.paths.folder)}
    relay.close()
    assert "palette" in session.view().text

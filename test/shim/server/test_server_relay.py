"""What passes between a page and a session's engine through a Jupyter server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyterlab_saturn import __version__, wire
from jupyterlab_saturn.agent.agent_lock import agent_alive, read_status
from jupyterlab_saturn.agent.launch_record import note_launch, read_launch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.kernel.state_change import with_change
from jupyterlab_saturn.server.page_relay import LOOKS
from jupyterlab_saturn.whole_files import write_json
from page_server import Page, Server, SleepingSession
from waiting import until

HELLO = {"pid": 0, "version": __version__}


def attached(page: Page, want: bool) -> Json:
    """The next status that says so."""
    while True:
        body: Json = page.find("kernel.status")["body"]
        if body["attached"] is want:
            return body


def greeted(server: Server, session: SleepingSession) -> Page:
    """A page that has the whole state."""
    page = server.open(server.id_of(session))
    assert page.ask("hello", HELLO)["body"]["attached"]
    page.find("state")
    return page


def test_a_page_is_told_the_state_and_then_what_changes(
    server: Server, sleeping: SleepingSession
) -> None:
    engine = sleeping.run()
    page = greeted(server, sleeping)
    state: Any = page.got[-1]["body"]["state"]
    page.say("state.taken", {"rev": state["rev"]})
    engine.change(goal="plan")
    change = page.find("change")
    assert with_change(state, change["body"])["goal"] == "plan"
    until(lambda: engine.taken == [state["rev"]])


def test_answers_come_under_the_ids_of_the_page(server: Server, sleeping: SleepingSession) -> None:
    engine = sleeping.run()
    page, other = greeted(server, sleeping), greeted(server, sleeping)
    # Both use the same ids: to the engine they are two clients.
    assert page.ask("run")["type"] == other.ask("run")["type"] == "ok"
    assert page.ask("render", {"view": "plan"})["body"]["text"] == "the plan"
    assert engine.types().count("run") == 2
    engine.refused["stop"] = {"code": "no", "message": "No.", "hint": "Wait."}
    assert page.ask("stop")["body"]["error"] == engine.refused["stop"]


def test_an_engine_is_given_time_for_its_first_answer(
    server: Server, sleeping: SleepingSession
) -> None:
    engine = sleeping.run()
    engine.silent |= {"hello", "ping", "state"}
    page = server.open(server.id_of(sleeping))
    assert "error" not in page.ask("hello", HELLO)["body"]
    again = page.say("hello", HELLO)
    assert "error" not in page.find("kernel.status", re=again)["body"]
    assert page.find("kernel.status")["body"]["error"]["code"] == "engine-away"
    engine.silent.clear()
    while "error" in page.find("kernel.status")["body"]:
        pass


@pytest.mark.parametrize(
    ("sent", "code", "re"),
    [
        ("no json", "bad-message", None),
        ("[" * 100_000, "bad-message", None),
        ("7", "bad-message", None),
        ({"v": 1, "id": "x", "type": "dance", "body": {}}, "unknown-message", "x"),
        ({"v": 2, "id": "x", "type": "run", "body": {}}, "bad-message", "x"),
        ({"v": 1, "id": "x", "type": "run", "body": {"tasks": 7}}, "bad-message", "x"),
        ({"v": 1, "id": "x" * 65, "type": "run", "body": {}}, "bad-message", None),
        ({"v": 1, "id": "x", "type": "agent.ping", "body": {}}, "unknown-message", "x"),
        ({"v": 1, "id": "x", "type": "run", "body": {"a": "b" * (1 << 22)}}, "too-large", None),
    ],
)
def test_what_is_malformed_is_answered_and_goes_no_further(
    server: Server, sleeping: SleepingSession, sent: Any, code: str, re: str | None
) -> None:
    engine = sleeping.run()
    page = greeted(server, sleeping)
    before = engine.types()
    page.send(sent)
    answer = page.find("error")
    assert (answer["body"]["error"]["code"], answer.get("re")) == (code, re)
    assert page.ask("ping")["type"] == "ok"
    assert engine.types() == before


def test_bytes_are_no_message(server: Server, sleeping: SleepingSession) -> None:
    sleeping.run()
    page = greeted(server, sleeping)
    page.socket.send_binary(b"{}")
    assert page.find("error")["body"]["error"]["code"] == "bad-message"


def test_what_the_engine_says_is_checked_too(server: Server, sleeping: SleepingSession) -> None:
    engine = sleeping.run()
    page = greeted(server, sleeping)
    engine.odd["render"] = {"html": 7}
    assert page.ask("render", {"view": "plan"})["body"]["error"]["code"] == "bad-message"


def test_a_page_waits_for_so_many_answers_and_no_more(
    server: Server, sleeping: SleepingSession
) -> None:
    engine = sleeping.run()
    engine.silent.add("render")
    page = greeted(server, sleeping)
    for _ in range(64):
        page.say("render", {"view": "plan"})
    page.say("render", {"view": "plan"})
    assert page.find("error")["body"]["error"]["code"] == "too-many"
    assert greeted(server, sleeping).ask("ping")["type"] == "ok"


def test_a_page_that_does_not_read_delays_no_other(
    server: Server, sleeping: SleepingSession
) -> None:
    engine = sleeping.run()
    slow, quick = greeted(server, sleeping), greeted(server, sleeping)
    engine.change(notices=[{"code": "x", "message": "y" * 2_000_000}])
    for _ in range(20):
        slow.say("state")
    quick.find("change")
    assert quick.ask("ping")["type"] == "ok"


def test_pages_go_on_with_the_next_engine(server: Server, sleeping: SleepingSession) -> None:
    engine = sleeping.run()
    page = greeted(server, sleeping)
    engine.silent.add("run")
    asked = page.say("run")
    until(lambda: "run" in engine.types())
    engine.stop()
    assert page.find("kernel.status")["body"]["error"]["code"] == "engine-away"
    again = sleeping.engine = type(engine)(sleeping.endpoint)
    # The next one is told who is there, and what the one before left unanswered.
    assert page.find("ok")["re"] == asked
    assert again.types() == ["hello", "run"]


@pytest.mark.parametrize(("killed", "code"), [(False, None), (True, "agent-gone")])
def test_a_page_is_told_that_the_agent_left_and_that_it_is_back(
    server: Server, sleeping: SleepingSession, killed: bool, code: str | None
) -> None:
    sleeping.run()
    page = greeted(server, sleeping)
    sleeping.leave(killed=killed)
    status = attached(page, False)
    assert status.get("error", {}).get("code") == code
    assert page.ask("run")["body"]["error"]["code"] == "not-attached"
    sleeping.run()
    assert "error" not in attached(page, True)
    page.find("state")


def test_a_session_is_not_woken_by_looking(server: Server, sleeping: SleepingSession) -> None:
    page = server.open(server.id_of(sleeping))
    status = page.ask("hello", HELLO)["body"]
    assert status == {"version": __version__, "session": "default", "attached": False}
    assert page.ask("run")["body"]["error"]["code"] == "not-attached"
    assert not agent_alive(sleeping.paths)


def test_a_session_whose_folder_was_removed_is_gone(
    server: Server, sleeping: SleepingSession
) -> None:
    sleeping.run()
    page = greeted(server, sleeping)
    shutil.rmtree(sleeping.paths.folder)
    assert attached(page, False)["error"]["code"] == "no-session"


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:9", "ipc:///tmp/engine.sock", "ipc://x", 7])
def test_an_address_that_is_not_the_users_own_is_not_believed(
    server: Server, sleeping: SleepingSession, endpoint: Any
) -> None:
    sleeping.run(endpoint)
    page = server.open(server.id_of(sleeping))
    assert not page.ask("hello", HELLO)["body"]["attached"]


def test_an_engine_of_another_version_says_so(server: Server, sleeping: SleepingSession) -> None:
    engine = sleeping.run()
    engine.refused["hello"] = {"code": "other-version", "message": "Another.", "hint": "End it."}
    page = server.open(server.id_of(sleeping))
    page.say("hello", HELLO)
    while "error" not in (status := page.find("kernel.status")["body"]):
        pass
    assert status["error"] == engine.refused["hello"]


def edit_record(session: SleepingSession, **changes: Any) -> None:
    record: Any = read_launch(session.paths.launch_record)
    write_json(session.paths.launch_record, record | changes)


def test_a_session_is_not_woken_by_a_python_that_is_gone(
    server: Server, sleeping: SleepingSession
) -> None:
    edit_record(sleeping, python="/gone/bin/python")
    page = server.open(server.id_of(sleeping))
    page.ask("hello", HELLO)
    error = page.ask("attach")["body"]["error"]
    assert error["code"] == "no-python"
    assert "/gone/bin/python" in error["message"]
    # That stays what there is to say: looking again tells nothing else.
    time.sleep(2.5)
    page.ask("ping")
    assert page.got[-1]["type"] == "error"
    told = [each["body"].get("error") for each in page.got if each["type"] == "kernel.status"]
    assert [each and each["code"] for each in told] == [None, "no-python"]
    assert page.ask("hello", HELLO)["body"]["error"]["code"] == "no-python"


def test_a_session_that_was_removed_is_not_made_anew_by_waking_it(
    server: Server, sleeping: SleepingSession
) -> None:
    page = server.open(server.id_of(sleeping))
    page.ask("hello", HELLO)
    shutil.rmtree(sleeping.paths.folder)
    assert page.ask("attach")["body"]["error"]["code"] == "no-session"
    assert not sleeping.paths.folder.exists()


@pytest.mark.parametrize("text", ["5", "null", "[" * 100_000, '{"error": 7}', '["error"]', "{}"])
def test_a_status_that_makes_no_sense_is_none(
    server: Server, sleeping: SleepingSession, text: str
) -> None:
    sleeping.paths.agent_status.write_text(text)
    page = server.open(server.id_of(sleeping))
    assert "error" not in page.ask("hello", HELLO)["body"]
    sleeping.run()
    assert "error" not in attached(page, True)


def test_a_session_is_woken_as_its_notebook_started_it(
    server: Server, sleeping: SleepingSession, notebooks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeping.paths.journal.write_bytes(b"")
    monkeypatch.chdir(notebooks)
    note_launch(sleeping.paths, {**os.environ, "SATURN_IDLE_SECONDS": "3"})
    page = server.open(server.id_of(sleeping))
    page.ask("hello", HELLO)
    assert page.ask("attach")["body"] == {
        "version": __version__,
        "session": "default",
        "attached": True,
    }
    assert page.find("state")["body"]["state"]["folder"] == str(sleeping.paths.folder)
    status: Any = read_status(sleeping.paths)
    agent = psutil.Process(status["pid"])
    assert agent.cwd() == str(notebooks)
    assert agent.environ()["SATURN_IDLE_SECONDS"] == "3"
    # Who watches keeps it awake; killed, it can be woken again.
    os.kill(status["pid"], signal.SIGKILL)
    assert attached(page, False)["error"]["code"] == "agent-gone"
    assert page.ask("attach")["body"]["attached"]
    page.find("state")
    page.socket.close()
    again: Any = read_status(sleeping.paths)
    # Rather than to wait until it believes that all have left.
    os.kill(again["pid"], signal.SIGTERM)
    until(lambda: not agent_alive(sleeping.paths))
    assert json.loads(sleeping.paths.summary.read_text())["goal"] == "none"
    assert wire.schema()


STEERING = {
    *(
        "attach",
        "cache.clear",
        "cluster.join",
        "cluster.leave",
        "cluster.set",
        "plan",
        "plan.use",
        "profile",
        "reset",
        "resume",
    ),
    *("retry", "run", "stop", "tasks.add", "tasks.clone", "tasks.remove", "techniques.set"),
    *("track.set", "wishes.set"),
}


def test_each_message_is_known_to_look_or_to_act() -> None:
    assert set(wire.schema()["directions"]["client"]) == LOOKS | STEERING
    assert not LOOKS & STEERING

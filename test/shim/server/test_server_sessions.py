"""What a Jupyter server shows of sessions, and to whom."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket
from jupyterlab_saturn.agent import launch_record
from jupyterlab_saturn.agent.launch_record import known_launches, note_launch, read_launch
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.server import session_finder
from jupyterlab_saturn.server.session_finder import FoundSession, SessionFinder
from page_server import Server, SleepingSession, free_port

LIST = "jupyterlab-saturn/sessions"
UNKNOWN = "0" * 32

AUTHORIZER = """
from jupyter_server.auth import Authorizer
class OnlyLooks(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return action == "read" and (resource != "saturn" or {allowed})
c.ServerApp.authorizer_class = OnlyLooks
"""


def listed(server: Server, folder: Path) -> list[str]:
    """Paths of the sessions below a folder that the server lists."""
    return [each["path"] for each in server.sessions() if each["path"].startswith(str(folder))]


def test_a_session_is_told_of_by_folder_notebook_and_state(
    server: Server, sleeping: SleepingSession, notebooks: Path
) -> None:
    [entry] = [each for each in server.sessions() if each["folder"] == notebooks.name]
    assert entry == {
        "id": server.id_of(sleeping),
        "session": "default",
        "folder": notebooks.name,
        "path": str(sleeping.paths.folder),
        "notebooks": [f"{notebooks.name}/sweep.ipynb"],
        "state": "asleep",
    }
    sleeping.summarize(goal="run", tasks=3, trained=1, running=2)
    sleeping.run()
    [entry] = [each for each in server.sessions() if each["folder"] == notebooks.name]
    assert (entry["state"], entry["tasks"], entry["running"]) == ("running", 3, 2)
    sleeping.summarize(tasks=3, trained=3)
    [entry] = [each for each in server.sessions() if each["folder"] == notebooks.name]
    assert (entry["state"], entry["trained"], entry["since"]) == ("idle", 3, 7)


def test_the_last_notebook_that_used_a_session_is_the_first(
    server: Server, sleeping: SleepingSession, notebooks: Path
) -> None:
    for name in ("other", "sweep", "other"):
        note_launch(sleeping.paths, {"JPY_SESSION_NAME": str(notebooks / f"{name}.ipynb")})
    [entry] = [each for each in server.sessions() if each["folder"] == notebooks.name]
    assert [Path(each).stem for each in entry["notebooks"]] == ["other", "sweep"]


@pytest.mark.parametrize("text", ["", "[", "{}", '{"goal": "none", "tasks": -1}', "[" * 10_000])
def test_a_summary_that_makes_no_sense_is_none(
    server: Server, sleeping: SleepingSession, notebooks: Path, text: str
) -> None:
    sleeping.paths.summary.write_text(text)
    [entry] = [each for each in server.sessions() if each["folder"] == notebooks.name]
    assert "tasks" not in entry


def test_sessions_outside_the_servers_folder_are_not_shown(
    server: Server, tmp_path: Path, notebooks: Path
) -> None:
    outside = SleepingSession(tmp_path / ".saturn")
    note_launch(outside.paths)
    (notebooks / ".saturn").symlink_to(tmp_path / ".saturn")
    linked = SessionPaths("default", notebooks / ".saturn")
    note_launch(linked)
    try:
        shown = [each["path"] for each in server.sessions()]
        assert str(outside.paths.folder) not in shown
        assert listed(server, notebooks) == []
    finally:
        outside.paths.launch_record.unlink()
        linked.launch_record.unlink()
        outside.close()


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_folder_that_others_may_enter_is_not_shown(
    server: Server, sleeping: SleepingSession, notebooks: Path, mode: int
) -> None:
    sleeping.paths.folder.chmod(mode)
    assert listed(server, notebooks) == []
    sleeping.paths.folder.chmod(0o700)
    assert listed(server, notebooks) == [str(sleeping.paths.folder)]


@pytest.mark.parametrize("token", [None, "wrong"])
def test_nothing_is_told_without_a_token(
    server: Server, sleeping: SleepingSession, token: str | None
) -> None:
    id = server.id_of(sleeping)
    assert server.status(LIST, token) == 403
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        server.open(id, token)
    assert refused.value.status_code == 403


@pytest.mark.parametrize(("origin", "status"), [(None, 101), ("http://evil.example", 403)])
def test_a_page_of_another_site_is_refused(
    server: Server, sleeping: SleepingSession, origin: str | None, status: int
) -> None:
    """It has the browser's cookie, but no token."""
    id = server.id_of(sleeping)
    try:
        page = server.open(id, None, origin=origin, cookie=server.cookie())
        assert page.socket.handshake_response.status == status
    except websocket.WebSocketBadStatusException as refused:
        assert refused.status_code == status


@pytest.mark.parametrize(
    "id",
    ["..", "../..", "..%2f..%2fetc", "%2e%2e", "default", "A" * 32, "0" * 33, "0" * 31 + "%00"],
)
def test_what_is_no_id_leads_nowhere(server: Server, id: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        server.open(id)
    assert refused.value.status_code in (400, 404)


def test_a_session_that_is_not_there_is_said_to_be_gone(server: Server) -> None:
    page = server.open(UNKNOWN)
    assert page.find("error")["body"]["error"]["code"] == "no-session"
    code, _ = page.socket.recv_data()
    assert code == websocket.ABNF.OPCODE_CLOSE


@pytest.mark.parametrize(("allowed", "status"), [("True", 200), ("False", 403)])
def test_an_authorizer_says_who_may_look_and_who_act(
    tmp_path: Path, allowed: str, status: int
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    session = SleepingSession(root / ".saturn")
    server = Server(root, free_port(), AUTHORIZER.format(allowed=allowed))
    try:
        assert server.status(LIST) == status
        if status == 403:
            with pytest.raises(websocket.WebSocketBadStatusException):
                server.open(UNKNOWN)
            return
        session.run()
        page = server.open(server.id_of(session))
        page.say("hello", {"pid": 0, "version": "0.1.0"})
        page.find("state")
        for type in ("run", "stop", "attach", "reset"):
            assert page.ask(type)["body"]["error"]["code"] == "not-allowed"
        assert page.ask("render", {"view": "plan"})["type"] == "rendered"
    finally:
        server.close()
        session.close()


def test_a_record_that_another_may_have_written_is_not_believed(
    sleeping: SleepingSession, notebooks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_finder, "_sessions_below", lambda *_: iter(()))
    folder = sleeping.paths.launch_record.parent
    folder.chmod(0o777)
    try:
        assert read_launch(sleeping.paths.launch_record) is None
        assert SessionFinder([notebooks]).find() == []
    finally:
        folder.chmod(0o700)
    assert [each.paths.folder for each in SessionFinder([notebooks]).find()] == [
        sleeping.paths.folder
    ]


def test_what_a_notebook_has_used_is_opened_without_a_look_at_the_disk(
    sleeping: SleepingSession, notebooks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [found] = SessionFinder([notebooks]).find()
    moved = SleepingSession(notebooks / "deep" / ".saturn")
    [other] = [each for each in SessionFinder([notebooks]).find() if each.id != found.id]
    looks: list[Path] = []
    below = session_finder._sessions_below

    def look(root: Path, deadline: float) -> Iterator[Path]:
        looks.append(root)
        return below(root, deadline)

    monkeypatch.setattr(session_finder, "_sessions_below", look)
    finder = SessionFinder([notebooks])

    def got(session: FoundSession) -> tuple[bool, int]:
        again = finder.get(session.id)
        return again is not None and again.record == session.record, len(looks)

    assert got(found) == (True, 0)
    assert got(other) == (True, 1)
    assert got(found) == (True, 1)
    assert finder.get(UNKNOWN) is None
    moved.close()


def test_records_make_room_for_others_once_there_are_many(
    notebooks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(launch_record, "_MOST_RECORDS", 2)
    homes = [tmp_path / name / ".saturn" for name in ("first", "second", "third", "fourth")]
    first, second, third, fourth = [SleepingSession(home) for home in homes]
    for at, session in enumerate((first, second)):
        note_launch(session.paths)
        os.utime(session.paths.launch_record, (at, at))
    note_launch(first.paths)  # unchanged, but used
    assert [each["folder"] for each in known_launches()] == [
        str(session.paths.folder) for session in (first, second)
    ]
    note_launch(third.paths)
    assert second.paths.launch_record.exists()  # its folder is there
    shutil.rmtree(second.paths.folder)
    note_launch(fourth.paths)
    assert not second.paths.launch_record.exists()
    assert first.paths.launch_record.exists()
    for session in (first, second, third, fourth):
        session.close()


def test_a_record_is_of_the_user_alone(sleeping: SleepingSession) -> None:
    record = sleeping.paths.launch_record
    assert record.parent.stat().st_mode & 0o777 == 0o700
    os.environ["SATURN_TEST_SECRET"] = "hf_secret"
    try:
        note_launch(sleeping.paths, {**os.environ, "HF_TOKEN": "hf_secret"})
    finally:
        del os.environ["SATURN_TEST_SECRET"]
    assert "hf_secret" not in record.read_text()

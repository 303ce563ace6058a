"""The folder of sockets is removed under a living agent."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from fakes.bench import task
from jupyterlab_saturn.agent.agent_launch import agent_alive, ensure_agent
from jupyterlab_saturn.agent.agent_lock import read_status
from jupyterlab_saturn.agent.runtime_folder import RuntimeFolder
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint, events_socket
from nightly import nightly
from test_agent_process import Scene, scene
from waiting import until


def remove(here: Scene, folder: Path) -> None:
    """Remove a folder that holds the sockets, and wait until they are there again."""
    shutil.rmtree(folder)
    until(lambda: events_of(here.paths).exists())


def events_of(paths: SessionPaths) -> Path:
    status = read_status(paths)
    assert status is not None and "events" in status
    return Path(status["events"])


@pytest.mark.parametrize("above", [pytest.param(0, marks=nightly), 1])
def test_it_is_made_anew_and_the_work_goes_on(above: int) -> None:
    with scene() as here:
        runtime = here.paths.runtime
        gate = here.paths.folder / "gate"
        here.train("before", ranks=f"started 0;await {gate};finished 1")
        remove(here, [runtime, *runtime.parents][above])
        for folder in (runtime, runtime.parent):
            assert folder.stat().st_mode & 0o777 == 0o700
        assert here.train("after", "finished", ranks="finished 1")["body"]["task"] == "after"
        gate.touch()
        assert here.ear.hear_event("finished", "lost", "failed")["body"]["kind"] == "finished"
        # The engine, whose body is a fake, is told where to listen.
        until(lambda: engine_endpoint(runtime) in here.paths.engine_log.read_text())
        assert ensure_agent(here.paths) == engine_endpoint(runtime)
        here.ear.say("shutdown", {})
        until(lambda: not agent_alive(here.paths))
        assert not runtime.exists()


def test_where_it_cannot_be_made_anew_it_is_made_elsewhere() -> None:
    """As at a logout: the folder of the user's sockets goes, and is not theirs to make."""
    with (
        tempfile.TemporaryDirectory(prefix="sat-") as other,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TMPDIR", other)  # of the agent: this process has chosen already
        with scene() as here:
            shutil.rmtree(os.environ["XDG_RUNTIME_DIR"])
            until(lambda: events_of(here.paths).is_relative_to(other))
            new = events_of(here.paths).parent
            assert here.train("after", "finished", ranks="finished 1")["body"]["task"] == "after"
            assert ensure_agent(here.paths) == engine_endpoint(new)
            until(lambda: engine_endpoint(new) in here.paths.engine_log.read_text())
            here.ear.say("shutdown", {})
            until(lambda: not agent_alive(here.paths))
            assert not new.exists()


def test_who_starts_while_it_is_removed_is_lost_and_no_fault_of_the_task() -> None:
    with scene() as here:
        mark = here.paths.folder / "mark"
        built = task("built", ranks=f"pause {mark};inspected")
        here.ear.say("inspect", {"tasks": [built], "maxDevices": 1})
        until(mark.exists)
        remove(here, here.paths.runtime)
        assert "inspection" in here.ear.hear("inspect.results")["body"]["results"][0]


def test_nothing_is_begun_while_it_cannot_be_made_anew() -> None:
    with scene() as here:
        shutil.rmtree(here.paths.runtime)
        other = RuntimeFolder(here.paths)
        assert other.acquire()
        told = here.ear.hear("node.trouble")["body"]
        assert told["node"] == here.node
        assert told["error"]["code"] == "no-runtime-folder"
        assert str(here.paths.runtime) in told["error"]["message"]
        here.start("t", ranks="started 0;finished 1")
        here.ear.say("cluster.set", {"request": {"kind": "cpu", "count": 1}})
        here.ear.hear("cluster.report")  # what was said before has been taken in
        assert not here.paths.attempt("t", 1).exists()
        other.release()
        assert here.ear.hear_event("finished", "lost", "failed")["body"]["kind"] == "finished"


def test_a_socket_alone_is_made_anew() -> None:
    with scene() as here:
        events_socket(here.paths.runtime).unlink()
        until(events_socket(here.paths.runtime).exists)
        assert here.train("after", "finished", ranks="finished 1")["body"]["task"] == "after"

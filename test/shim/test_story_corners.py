"""What a night brings beside kills: who stands still, no room, two notebooks, odd names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cloudpickle
import pytest
from jupyterlab_saturn import Session, Task
from jupyterlab_saturn.errors import SaturnError
from nightly import nightly
from small_disk import small_disk
from test_kill_campaign import MARKS
from test_story import home, lines, named, opened, running, session, statuses
from test_story_disk import ALONE, fill
from test_story_takeover import ranks
from waiting import until

__all__ = ["home", "session"]  # fixtures

cloudpickle.register_pickle_by_value(sys.modules[__name__])

STILL_SECONDS = 25.0
"""Longer than one process waits for another, on a machine with time for both."""


def gated(lr: float, gate: str) -> Task:
    """A line to fit, which cannot be built before there is a file."""
    import time
    from pathlib import Path

    while not Path(gate).exists():
        time.sleep(0.05)
    return lines(lr)


@nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", ["agent", "engine", "zygote"])
def test_a_process_that_stands_still_for_a_while_costs_nothing(session: Session, who: str) -> None:
    session.cluster(cpu=1)
    session.add(lines, {"lr": [0.1], "pause": 0.02, "steps": 800})
    session.run(exclude=ALONE)
    until(lambda: running(session))
    [still] = [one for one in named(MARKS[who], session) if one not in ranks(session)]
    engines = [one.pid for one in named("engine.mjs", session)]
    still.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        if who == "engine":
            with pytest.raises(SaturnError) as silent:
                session.stop(["nobody"])
            assert silent.value.code == "engine-silent"
            assert "Training goes on meanwhile" in str(silent.value)
        time.sleep(max(0.0, began + STILL_SECONDS - time.monotonic()))
    finally:
        still.send_signal(signal.SIGCONT)
    session.wait()
    [task] = session.state["tasks"]
    assert (task["status"], len(task["attempts"])) == ("finished", 1)
    assert [one.pid for one in named("engine.mjs", session)] == engines
    assert session.state["notices"] == []


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk for sockets and scratch alone."""
    short = tempfile.TemporaryDirectory(prefix="sat-")  # as paths of sockets are to be
    with short as folder, small_disk(Path(folder), 4) as disk:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield disk


@nightly
@pytest.mark.timeout(900)
def test_no_task_fails_of_a_full_disk_for_sockets(sockets: Path, home: Path) -> None:
    with opened("corner", home) as session:
        session.cluster(cpu=2)
        ballast = fill(sockets, 0)
        session.add(lines, {"lr": [0.1, 0.05]}, pin="technique=ddp")
        session.run()
        until(lambda: session.state.get("pause"))
        error = session.state["pause"]["error"]
        assert error["code"] == "disk-full"
        assert str(sockets) in error["message"]
        ballast.unlink()
        session.wait()
        assert {*statuses(session.state).values()} == {"finished"}
        assert session.state["notices"] == []


@nightly
@pytest.mark.parametrize(
    "name", ['it\'s 100% "ünï" $HOME; `x` & <b>', "new\nline\tand\x1b[31mred", "-rf --help"]
)
def test_a_folder_whatever_it_is_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = tmp_path / name
    notebook.mkdir()
    monkeypatch.chdir(notebook)
    with opened("story", notebook / ".saturn") as session:
        session.cluster(cpu=2)
        session.add(lines, {"lr": [0.1]}, pin="technique=ddp")
        session.track("tensorboard")
        session.run()
        session.wait(check=True)
        assert {*statuses(session.state).values()} == {"finished"}
        assert "\x1b" not in session.status().text


@nightly
def test_a_kernel_dies_before_its_tasks_are_built_while_another_adds_its_own(
    session: Session, home: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    session.cluster(cpu=2)
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import os, signal, test_story_corners as corners\n"
        f"one = corners.Session('story', {str(home)!r})\n"
        f"one.add(corners.gated, {{'lr': [0.1, 0.2], 'gate': {str(gate)!r}}})\n"
        f"one.run(exclude={ALONE!r})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    kernel = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env={**os.environ})
    session.add(lines, {"lr": [0.01, 0.02]})
    session.run(exclude=ALONE)
    assert kernel.wait() == -signal.SIGKILL
    until(lambda: [*statuses(session.state).values()].count("finished") == 2)
    assert [*statuses(session.state).values()].count("inspecting") == 2
    gate.touch()
    session.wait()
    state = session.state
    assert {*statuses(state).values()} == {"finished"}
    assert [len(task["attempts"]) for task in state["tasks"]] == [1] * 4


@nightly
def test_a_notebook_in_a_folder_that_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may not mount a disk")
    try:
        monkeypatch.chdir(folder)
        with pytest.raises(SaturnError) as refused:
            Session("story").cluster(cpu=1)
        assert refused.value.code == "not-writable"
        assert "SATURN_HOME" in str(refused.value)
    finally:
        monkeypatch.chdir(tmp_path)
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

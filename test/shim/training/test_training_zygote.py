"""The zygote forks only when that is safe, and nothing outlives it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterlab_saturn.training import rank
from nightly import nightly
from ranks import Session
from real_zygote import ZygoteClient, shared_zygote
from training_tasks import mlp
from waiting import SECONDS, until

ENDLESS = 10**7


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def wait_until_gone(pid: int) -> None:
    """Wait for the end of a process that is not our child; a zombie is as good as gone."""
    for _ in range(600):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still alive")


def test_the_agent_and_the_kernel_can_name_ranks_without_loading_torch() -> None:
    code = "import sys, jupyterlab_saturn.training.rank; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_it_announces_itself_ready() -> None:
    assert shared_zygote().greeting == {"op": "ready"}


def test_it_refuses_to_fork_beside_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    zygote = ZygoteClient()
    assert zygote.greeting["op"] == "unsafe"
    assert "1 threads" in zygote.greeting["reason"]
    assert zygote.process.wait(SECONDS) == 0
    zygote.close()


def test_it_forks_no_more_once_a_library_it_holds_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library_of_mine.py"
    library.write_text("VERSION = 1\n")
    (tmp_path / "sitecustomize.py").write_text("import library_of_mine\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    zygote = ZygoteClient()
    library.write_text("VERSION = 10\n")
    order = {"op": "spawn", "id": "1", "request": "none", "rank": 0, "log": str(tmp_path / "log")}
    zygote.socket.sendall(json.dumps(order).encode() + b"\n")
    answer = json.loads(zygote.socket.recv(4096))
    assert answer == {"op": "stale", "id": "1", "file": str(library)}
    zygote.close()


@pytest.mark.parametrize("end", ["killed", pytest.param("let go", marks=nightly)])
def test_ranks_end_with_it(session: Session, end: str) -> None:
    zygote = ZygoteClient()
    job = session.train_job(session.spec(mlp), "ddp", 2, steps=ENDLESS)
    group = session.start(job, zygote)
    group.until("started")
    if end == "killed":
        zygote.process.send_signal(signal.SIGKILL)
    zygote.close()
    assert zygote.process.returncode == (-signal.SIGKILL if end == "killed" else 0)
    for pid in group.pids:
        wait_until_gone(pid)


SERVE = """
import os, socket, subprocess, sys
from pathlib import Path
from jupyterlab_saturn.training import zygote

me = os.getpid()
folder = Path(sys.argv[2])

def run(*_, **__):
    return 0

def needed_libraries():
    return ["sklearn"]

def load(names):
    if os.getpid() == me:
        (folder / "tried").touch()
        raise SystemExit("it cannot be loaded here")

zygote.rank.main = run
zygote.preloaded_libraries.needed_libraries = needed_libraries
zygote.preloaded_libraries.load = load
zygote.why_unsafe = lambda: None
subprocess.Popen(["true"])
fork = os.fork

def sparse():
    if (folder / "sparse").exists():
        raise OSError(11, "no more processes")
    return fork()

os.fork = sparse
zygote.Zygote(socket.socket(fileno=int(sys.argv[1]))).serve()
"""


KNOWN = SERVE.replace(
    "subprocess.Popen",
    """zygote.preloaded_libraries.harmless_libraries = needed_libraries
zygote.try_loading = lambda names: (folder / "asked").touch()
send = zygote.Zygote.send

def watched(self, told):
    if told["op"] == "exited" and (folder / "log.0.libraries").exists():
        (folder / "left").touch()
    send(self, told)

zygote.Zygote.send = watched
subprocess.Popen""",
)


def test_it_loads_at_once_what_the_inspection_has_seen_to_be_harmless(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-c", KNOWN, str(theirs.fileno()), str(tmp_path)],
        pass_fds=[theirs.fileno()],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    theirs.close()
    log = str(tmp_path / "log")
    order = {"op": "spawn", "id": "1", "request": "none", "rank": 0, "log": log}
    ours.sendall(json.dumps(order).encode() + b"\n")
    until(lambda: (tmp_path / "tried").exists())
    with ours.makefile("r", encoding="utf-8") as said:
        assert [json.loads(said.readline())["op"] for _ in range(2)] == ["spawned", "exited"]
    ours.close()
    assert process.wait(60) == 0
    assert not (tmp_path / "asked").exists()
    # Who hears of a rank's end may clear away where it was at once.
    assert not (tmp_path / "left").exists()


def test_it_lives_whatever_goes_wrong_around_it(tmp_path: Path) -> None:
    """Children that are none of its ranks, libraries that do not load, orders that are none."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(theirs.fileno()), str(tmp_path)],
        pass_fds=[theirs.fileno()],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    theirs.close()
    ours.settimeout(60)
    said = ours.makefile("r", encoding="utf-8")

    def ask(number: int) -> None:
        log = str(tmp_path / "log")
        order = {"op": "spawn", "id": str(number), "request": "none", "rank": number, "log": log}
        ours.sendall(json.dumps(order).encode() + b"\n")

    ours.sendall(b"nonsense\n")
    for number in range(2):
        ask(number)
        told = [json.loads(said.readline()) for _ in range(2)]
        assert [(each["op"], each["id"]) for each in told] == [
            ("spawned", str(number)),
            ("exited", str(number)),
        ]
        assert told[1]["code"] == 0
        until(lambda: (tmp_path / "tried").exists())
    (tmp_path / "sparse").touch()
    ask(2)
    answer = json.loads(said.readline())
    assert (answer["op"], answer["id"]) == ("refused", "2")
    assert "no more processes" in answer["reason"]
    said.close()
    ours.close()
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert "JSONDecodeError" in complaint
    assert "it cannot be loaded here" in complaint


def test_a_rank_has_a_session_of_its_own_and_no_foreign_descriptors(session: Session) -> None:
    group = session.train(session.spec(mlp), "single", steps=ENDLESS)
    group.until("started")
    (pid,) = group.pids
    assert os.getsid(pid) == pid
    targets = {link.name: str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    assert targets["1"] == targets["2"]
    assert targets["1"].endswith(".log")
    assert [target for target in targets.values() if target.startswith("pipe:")] == []
    assert len([target for target in targets.values() if target.startswith("socket:")]) == 1
    group.signal(signal.SIGTERM)
    assert group.wait() == [0]


def test_a_rank_starts_cold_as_well(session: Session, tmp_path: Path) -> None:
    job = session.train_job(session.spec(mlp), "single", steps=2)
    events = tmp_path / "events"
    request = tmp_path / "request.json"
    request.write_text(
        json.dumps(
            {"session": str(session.paths.folder), "job": "cold", "events": str(events), **job}
        )
    )
    command = [sys.executable, "-m", "jupyterlab_saturn.training.rank", str(request), "0"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # Nobody listens: it can tell nobody, and says so.
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == rank.EXIT_UNHEARD
    assert "FileNotFoundError" in done.stderr


def test_a_request_that_is_none_fails_with_a_sentence(session: Session) -> None:
    group = session.start({"kind": "dance"})
    assert group.wait() == [1]
    assert "there is no job of kind 'dance'" in group.log


@pytest.mark.parametrize("module", ["zygote", "rank"])
def test_whose_parent_died_before_it_began_does_not_begin(module: str) -> None:
    nobody = subprocess.Popen([sys.executable, "-S", "-c", ""])
    nobody.wait()
    command = [sys.executable, "-m", f"jupyterlab_saturn.training.{module}"]
    arguments = ["99", str(nobody.pid)] if module == "zygote" else ["/none", "0", str(nobody.pid)]
    assert subprocess.run([*command, *arguments], check=False).returncode == -signal.SIGKILL

"""The agent as a process of its own, with a fake engine's body, its socket held by the test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from fakes.bench import HERE, PYTHON, EngineEar, Json, agent, assert_gone, living, session, task
from jupyterlab_saturn import __version__
from jupyterlab_saturn.agent.agent_launch import agent_alive, ensure_agent
from jupyterlab_saturn.agent.agent_lock import AgentLock, read_status
from jupyterlab_saturn.agent.runtime_folder import RuntimeFolder
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint
from jupyterlab_saturn.whole_files import write_json
from waiting import until


class Scene:
    """A living agent whose engine the test plays."""

    def __init__(self, paths: SessionPaths, token: str, ear: EngineEar) -> None:
        self.paths = paths
        self.token = token
        self.ear = ear

    def processes(self, part: str) -> list[int]:
        return [pid for pid, _ in living(self.token, part)]

    def train(self, name: str, wait: str = "started", **acts: str) -> Json:
        """Start training a task on one device; the first event of the kind waited for."""
        self.start(name, **acts)
        return self.ear.hear_event(wait)

    def start(self, name: str, **acts: str) -> None:
        """Have a task trained on one device."""
        device = self.node["devices"][0]["id"]
        body = {
            "task": task(name, **acts),
            "attempt": 1,
            "steps": 8,
            "strategy": {"technique": "single", "devices": 1},
            "devices": [device],
            "checkpointSeconds": 60,
        }
        self.ear.say("group.start", body)

    node: Json


@contextmanager
def scene(zygote: str = "ready") -> Iterator[Scene]:
    with session() as (paths, token), EngineEar(paths) as ear, agent(paths, zygote):
        made = Scene(paths, token, ear)
        made.node = ear.hear("agent.hello")["body"]["node"]
        until(lambda: "endpoint" in (read_status(paths) or {}))
        yield made


def agent_of(scene: Scene) -> int:
    status = read_status(scene.paths)
    assert status is not None
    return int(status["pid"])


def test_it_says_where_it_is_and_leaves_nothing() -> None:
    with scene() as here:
        status = read_status(here.paths)
        assert status is not None
        assert status["version"] == __version__
        assert status["endpoint"] == engine_endpoint(here.paths.runtime)
        assert agent_alive(here.paths)
        here.train("t", ranks="helper;deaf;started 0;sleep 300")
        os.kill(status["pid"], signal.SIGTERM)
        until(lambda: not agent_alive(here.paths))
        assert_gone(here.token)
        assert read_status(here.paths) is None
        assert not here.paths.runtime.exists()
        assert (here.paths.attempt("t", 1) / "request.json").exists()


def test_the_engine_can_end_it() -> None:
    with scene() as here:
        here.ear.say("shutdown", {})
        until(lambda: not agent_alive(here.paths))
        assert_gone(here.token)


def test_a_second_agent_leaves_quietly() -> None:
    with scene() as here:
        command = [PYTHON, str(HERE / "agent_main.py"), "ready", str(here.paths.folder)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert second.returncode == 0
        assert "Another agent of session test lives" in second.stderr
        assert agent_alive(here.paths)
        here.train("t", ranks="started 0;sleep 300")


def test_it_leaves_when_its_session_is_removed() -> None:
    with scene() as here:
        here.train("t", ranks="started 0;deaf;sleep 300")
        shutil.rmtree(here.paths.folder)
        assert_gone(here.token)


def test_of_a_session_made_again_it_waits_for_the_one_before() -> None:
    with session() as (paths, _):
        before, after = RuntimeFolder(paths), RuntimeFolder(paths)
        assert before.acquire()
        left = paths.runtime / "engine.sock"
        left.touch()
        assert not after.acquire()
        after.release()
        assert left.exists()
        before.release()
        assert not paths.runtime.exists()
        assert after.acquire()
        before.release()
        assert paths.runtime.exists()
        after.release()


def test_everything_dies_with_it() -> None:
    with scene() as here:
        here.train("forked", ranks="started 0;deaf;sleep 300")
        assert here.processes("zygote.py") and here.processes("idle_engine.py")
        os.kill(agent_of(here), signal.SIGKILL)
        assert_gone(here.token)
        # A dying process has lost its environment a moment before its locks.
        until(lambda: not agent_alive(here.paths))


def test_cold_ranks_die_with_it() -> None:
    with scene("unsafe") as here:
        here.train("cold", ranks="started 0;deaf;sleep 300")
        assert len(here.processes("rank.py")) == 1
        os.kill(agent_of(here), signal.SIGKILL)
        assert_gone(here.token)


def test_a_killed_engine_is_restarted_and_told_everything_again() -> None:
    with scene() as here:
        for name in ("a", "b"):
            finished = here.train(name, "finished", ranks="started 0;step 1;finished 1")
            if name == "a":
                here.ear.acknowledge(finished)
        here.train("c", ranks="started 0;step 1;sleep 300")
        [engine] = here.processes("idle_engine.py")
        os.kill(engine, signal.SIGKILL)
        hello = here.ear.hear("agent.hello")
        # The end of b is not yet written down by any engine: for the new one it still goes on.
        a, b, c = hello["body"]["groups"]
        assert (a, b) == tuple({"task": name, "attempt": 1} for name in "ab")
        # An engine that has forgotten it learns what c is.
        assert c.pop("order")["hash"] == "hash-of-c"
        assert c == {"task": "c", "attempt": 1}
        again = [here.ear.hear("group.event")["body"] for _ in range(4)]
        assert [(event["task"], event["kind"]) for event in again] == [
            ("a", "started"),
            ("b", "started"),
            ("b", "finished"),
            ("c", "started"),
        ]
        assert here.processes("idle_engine.py") not in ([], [engine])
        # Training went on meanwhile and can be stopped through the new engine.
        here.ear.say("group.stop", {"task": "c", "attempt": 1, "graceSeconds": 20})
        assert here.ear.hear_event("stopped")["body"]["task"] == "c"


def test_given_up_by_the_engine_it_says_hello_again() -> None:
    with scene() as here:
        here.train("a", ranks="started 0;sleep 300")
        here.ear.say("error", {"error": {"code": "unknown-agent", "message": "Who are you?"}})
        hello = here.ear.hear("agent.hello")
        assert [group["task"] for group in hello["body"]["groups"]] == ["a"]
        assert here.ear.hear("group.event")["body"]["kind"] == "started"
        # The new line is the one that counts.
        here.ear.say("group.stop", {"task": "a", "attempt": 1, "graceSeconds": 20})
        assert here.ear.hear_event("stopped")["body"]["task"] == "a"


def test_what_is_acknowledged_is_not_said_again() -> None:
    with scene() as here:
        for number in range(3):
            body = {"tasks": [task(f"t{number}", ranks="inspected")], "maxDevices": 1}
            here.ear.say("inspect", body)
        for number in range(3):
            result = here.ear.hear("inspect.results")
            assert names_of(result) == [f"t{number}"]
            if number == 1:
                here.ear.say("error", {"error": {"code": "x", "message": "no"}}, re=result["id"])
            if number == 2:
                here.ear.acknowledge(result)
        here.ear.hear("agent.ping")
        [engine] = here.processes("idle_engine.py")
        os.kill(engine, signal.SIGKILL)
        hello = here.ear.hear("agent.hello")
        assert hello["body"]["inspecting"] == ["t0"]
        assert names_of(here.ear.hear("inspect.results", "agent.ping")) == ["t0"]
        assert here.ear.hear("inspect.results", "agent.ping")["type"] == "agent.ping"


def names_of(told: Json) -> list[str]:
    """The tasks whose inspections a message tells of."""
    return [result["task"] for result in told["body"].get("results", [])]


def test_malformed_messages_harm_nothing() -> None:
    with scene() as here:
        for noise in (b"", b"\xff", b"{}", b"[1]", b'{"v":1,"id":"1","type":"sing","body":{}}'):
            here.ear.say_raw(noise)
        here.ear.say_raw(b'{"v":1,"id":"1","type":"group.start","body":{"task":"t"}}')
        here.ear.say_raw(b'{"v":2,"id":"1","type":"shutdown","body":{}}')
        here.train("t", "finished", ranks="finished 1")
        assert "says something strange" in here.paths.agent_log.read_text()


def test_devices_are_set_or_the_refusal_explained() -> None:
    with scene() as here:
        asked = here.ear.say("cluster.set", {"request": {"kind": "cpu", "count": 3}})
        report = here.ear.hear("cluster.report")
        assert report["re"] == asked
        assert [device["id"] for device in report["body"]["node"]["devices"]] == [
            "cpu0",
            "cpu1",
            "cpu2",
        ]
        here.ear.say("cluster.set", {"request": {"kind": "cuda", "count": 1000}})
        refusal = here.ear.hear("cluster.report")["body"]
        assert refusal["error"]["code"] == "no-devices"
        assert refusal["node"] == report["body"]["node"]


def test_a_trial_is_measured_and_a_double_order_ignored() -> None:
    with scene() as here:
        body = {
            "trial": "x",
            "task": task(ranks="sleep 0.3;trial 0.5"),
            "signature": "s",
            "strategy": {"technique": "single", "devices": 1},
            "devices": [here.node["devices"][0]["id"]],
            "deadlineSeconds": 60,
        }
        here.ear.say("trial.start", body)
        here.ear.say("trial.start", body)
        cell = here.ear.hear("trial.result")["body"]["cell"]
        assert cell["stepSeconds"] == 0.5
        assert here.ear.hear("trial.result", "agent.ping")["type"] == "agent.ping"


def test_trials_and_inspections_are_stopped() -> None:
    with scene() as here:
        body = {
            "trial": "trial-1",
            "task": task(rank0="helper;sleep 300"),
            "signature": "sig",
            "strategy": {"technique": "single", "devices": 1},
            "devices": [here.node["devices"][0]["id"]],
            "deadlineSeconds": 600,
        }
        here.ear.say("inspect", {"tasks": [task("slow", ranks="sleep 300")], "maxDevices": 1})
        here.ear.say("trial.start", body)
        until(lambda: len(here.processes("zygote.py")) == 3)  # ranks are forked from it
        here.ear.say("trial.stop", {"trial": "unknown"})
        here.ear.say("trial.stop", {"trial": "trial-1"})
        assert here.ear.hear("trial.result")["body"] == {"trial": "trial-1"}
        here.ear.say("inspect.stop", {"tasks": ["slow", "unknown"]})
        until(lambda: len(here.processes("zygote.py")) == 1)
        assert here.processes("time.sleep") == []
        # Both may be asked for again at once.
        here.ear.say("trial.start", {**body, "trial": "trial-2", "task": task(rank0="trial 1")})
        assert "cell" in here.ear.hear("trial.result")["body"]
        here.ear.say("inspect", {"tasks": [task("slow", ranks="inspected")], "maxDevices": 1})
        assert "inspection" in here.ear.hear("inspect.results")["body"]["results"][0]


def test_an_agent_killed_leaves_a_session_the_next_one_takes_over() -> None:
    with session() as (paths, token):
        paths.ensure_runtime()
        left = [paths.runtime / name for name in ("inspect-dead", "rendezvous-dead", "mp-dead")]
        left[0].mkdir()
        left[1].write_text("")
        left[2].mkdir()
        write_json(paths.agent_status, {"pid": 2**22 + 1, "endpoint": "ipc:///nowhere"})
        with EngineEar(paths) as ear, started(paths):
            write_json(paths.devices, {"kind": "cpu", "count": 3})
            assert ensure_agent(paths) == engine_endpoint(paths.runtime)
            hello = ear.hear("agent.hello")
            assert len(hello["body"]["node"]["devices"]) == 3
            assert not any(path.exists() for path in left)
        assert_gone(token)


@contextmanager
def started(paths: SessionPaths) -> Iterator[None]:
    """Ends the agent that `ensure_agent` starts inside, whose engine is a fake."""
    before = os.environ.get("SATURN_ENGINE")
    os.environ["SATURN_ENGINE"] = str(HERE / "idle_engine.mjs")
    try:
        yield
    finally:
        if before is None:
            del os.environ["SATURN_ENGINE"]
        status = read_status(paths)
        if status is not None and agent_alive(paths):
            os.kill(status["pid"], signal.SIGTERM)
            until(lambda: not agent_alive(paths))


def test_a_kernel_starts_one_agent_that_is_not_its_child() -> None:
    with session() as (paths, token), EngineEar(paths), started(paths):
        assert not agent_alive(paths)
        before = {child.pid for child in psutil.Process().children(recursive=True)}
        assert ensure_agent(paths) == engine_endpoint(paths.runtime)
        assert ensure_agent(paths) == engine_endpoint(paths.runtime)
        assert {child.pid for child in psutil.Process().children(recursive=True)} == before
        [agent] = [pid for pid, _ in living(token, "--detach")]
        assert read_status(paths) is not None
        assert os.getsid(agent) != os.getsid(0)
        assert psutil.Process(agent).cwd() == str(Path.cwd())
        os.kill(agent, signal.SIGKILL)
        until(lambda: not agent_alive(paths))
        assert ensure_agent(paths) == engine_endpoint(paths.runtime)
        assert [pid for pid, _ in living(token, "--detach")] != [agent]


def test_two_kernels_at_once_share_one_agent() -> None:
    code = (
        "import sys; from jupyterlab_saturn.agent.agent_launch import ensure_agent;"
        "from jupyterlab_saturn.paths import SessionPaths;"
        "sys.stdout.write(ensure_agent(SessionPaths.of_folder(sys.argv[1])))"
    )
    with session() as (paths, token), EngineEar(paths), started(paths):
        kernels = [
            subprocess.Popen([PYTHON, "-c", code, str(paths.folder)], stdout=subprocess.PIPE)
            for _ in range(3)
        ]
        answers = {kernel.communicate(timeout=60)[0].decode() for kernel in kernels}
        assert answers == {engine_endpoint(paths.runtime)}
        assert len(living(token, "--detach")) == 1


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda paths: os.environ.update(SATURN_ENGINE="/nowhere/engine.mjs"), "no-engine"),
        (lambda paths: paths.ensure_runtime().chmod(0o755), "unsafe-folder"),
        (lambda paths: paths.folder.chmod(0o755), "unsafe-folder"),
        (lambda paths: os.environ.update(SATURN_NODE="/nowhere/node"), "no-node"),
        (lambda paths: os.environ.update(SATURN_IDLE_SECONDS="soon"), "bad-setting"),
    ],
)
def test_what_keeps_it_from_starting_is_told(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[SessionPaths], None], code: str
) -> None:
    for name in ("SATURN_ENGINE", "SATURN_NODE", "SATURN_IDLE_SECONDS"):
        monkeypatch.setenv(name, "")
    with session() as (paths, _):
        spoil(paths)
        with pytest.raises(SaturnError) as caught:
            ensure_agent(paths)
        assert caught.value.code == code
        assert caught.value.hint
        until(lambda: not agent_alive(paths))


def test_a_folder_of_sockets_that_is_not_ours_is_refused_and_kept() -> None:
    with session() as (paths, _):
        folder = paths.ensure_runtime()
        (folder / "theirs").write_text("")
        folder.chmod(0o777)
        with pytest.raises(SaturnError, match="Others may enter"):
            ensure_agent(paths)
        assert (folder / "theirs").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_sockets_of_somebody_else_is_refused() -> None:
    with session() as (paths, _):
        os.chown(paths.ensure_runtime(), 65534, 65534)
        with pytest.raises(SaturnError, match="not a folder of yours"):
            ensure_agent(paths)


def test_an_engine_that_keeps_dying_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with session() as (paths, token):
        broken = paths.folder / "broken.mjs"
        broken.write_text("throw new Error('the journal is torn');")
        monkeypatch.setenv("SATURN_ENGINE", str(broken))
        with pytest.raises(SaturnError) as caught:
            ensure_agent(paths)
        assert caught.value.code == "engine-dies"
        assert "the journal is torn" in str(caught.value)
        until(lambda: not agent_alive(paths))
        assert_gone(token)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own under a folder, for root on Linux."""
    options = ["-t", "tmpfs", "-o", "size=256k,mode=0700", "saturn-test", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root on Linux can mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_an_agent_that_cannot_say_that_it_is_there_leaves_at_once() -> None:
    with session() as (paths, token), small_disk(paths.folder), started(paths):
        paths.ensure()
        with (paths.folder / "full").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                continue
        with EngineEar(paths), pytest.raises(SaturnError) as caught:
            ensure_agent(paths)
        assert caught.value.code == "disk-full"
        assert str(paths.folder) in caught.value.message
        assert_gone(token)
        assert not list(paths.folder.rglob("*.tmp"))
        (paths.folder / "full").unlink()
        with EngineEar(paths):
            assert ensure_agent(paths) == engine_endpoint(paths.runtime)


def test_what_killed_processes_left_half_written_is_removed() -> None:
    with session() as (paths, _), EngineEar(paths), started(paths):
        living, dead = f"{os.getpid()}", f"{2**22 + 1}"
        files = [
            folder / f"{name}.{pid}.tmp"
            for folder, name in ((paths.folder, "agent.json"), (paths.payloads, "0123"))
            for pid in (living, dead)
        ]
        for file in files:
            file.touch()
        ensure_agent(paths)
        assert [file.exists() for file in files] == [True, False] * 2


def test_asking_whether_it_lives_does_not_keep_it_from_living() -> None:
    with session() as (paths, _):
        lock = AgentLock(paths)
        assert lock.acquire()
        assert agent_alive(paths)
        assert not AgentLock(paths).acquire()
        lock.release()
        assert not agent_alive(paths)
        assert lock.acquire()
        lock.release()


def test_it_asks_an_advisor_for_points_and_takes_it_along() -> None:
    with scene() as here:
        space = {"lr": {"low": 1e-5, "high": 0.1, "scale": "log"}}
        asked = {"id": "s/0", "seed": 1, "first": 0, "count": 2, "goal": "max", "space": space}
        here.ear.say("advise", {**asked, "known": []})
        advice = here.ear.hear("advice")["body"]
        assert advice["id"] == "s/0" and len(advice["points"]) == 2
        [advisor] = here.processes("jupyterlab_saturn.advisor")
        os.kill(advisor, signal.SIGKILL)
        here.ear.say("advise", {**asked, "known": []})
        assert here.ear.hear("advice")["body"] == advice
        [other] = here.processes("jupyterlab_saturn.advisor")
        assert other != advisor
        os.kill(agent_of(here), signal.SIGKILL)
        assert_gone(here.token, "jupyterlab_saturn.advisor")

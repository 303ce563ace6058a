"""The agent of another node as a process of its own, whose parent and carrier the test is."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes.bench import (
    HERE,
    PYTHON,
    TOKEN,
    EngineEar,
    Json,
    agent,
    assert_gone,
    living,
    session,
    task,
)
from jupyterlab_saturn import __version__
from jupyterlab_saturn.agent.agent_launch import agent_alive
from jupyterlab_saturn.agent.agent_lock import read_status
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint
from jupyterlab_saturn.whole_files import write_json
from waiting import SECONDS, until

NODE = "far.example-1"

Process = subprocess.Popen[bytes]


class Scene:
    """A living agent of another node, for which the test carries an engine's messages."""

    def __init__(self, paths: SessionPaths, token: str, process: Process) -> None:
        self.paths = paths
        self.token = token
        self.process = process
        self.ear = EngineEar(paths)
        self.hello = self.ear.hear("agent.hello")

    def heartbeat(self, beats: int = 1) -> None:
        """Answer some pings, each when it comes."""
        for _ in range(beats):
            self.ear.acknowledge(self.ear.hear("agent.ping"))

    def hear_event(self, *kinds: str) -> Json:
        """The next group event of some kinds, with all pings until then answered."""
        while True:
            envelope = self.ear.hear("agent.ping", "group.event")
            if envelope["type"] == "agent.ping":
                self.ear.acknowledge(envelope)
            elif envelope["body"]["kind"] in kinds:
                return envelope

    def start(self, name: str, attempt: int = 1, world: str | None = None, **acts: str) -> None:
        body: Json = {
            "task": task(name, **acts),
            "attempt": attempt,
            "steps": 8,
            "strategy": {"technique": "single", "devices": 1},
            "devices": [self.hello["body"]["node"]["devices"][0]["id"]],
            "checkpointSeconds": 60,
        }
        if world is not None:
            body["task"]["world"] = world
        self.paths.payload(body["task"]["payload"]).touch()
        self.ear.say("group.start", body)

    def of_notebook(self, world: str) -> None:
        """Write a world with variables of its own."""
        variables = {"MINE": "1", "XDG_RUNTIME_DIR": "/of/the/notebook", "HOSTNAME": "notebooks"}
        place = {
            "folder": "..",
            "path": [],
            "secrets": {TOKEN: False},
            "sources": {},
            "python": PYTHON,
            "variables": variables,
        }
        write_json(self.paths.world(world), place)

    def zygotes(self) -> set[int]:
        """Pids of those that live."""
        return {pid for pid, _ in living(self.token, "zygote.py")}


def command(folder: Path, node: str = NODE) -> list[str]:
    return [PYTHON, str(HERE / "far_agent_main.py"), "ready", node, str(folder)]


@contextmanager
def far_agent(folder: Path, node: str = NODE) -> Iterator[Process]:
    process = subprocess.Popen(command(folder, node), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.wait(SECONDS)


def last_word(process: Process) -> Json:
    """Why an agent ends that nobody has told to: its standard input stays open."""
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.wait(SECONDS) == 1
    told: Json = json.loads(said)
    return told


@contextmanager
def scene() -> Iterator[Scene]:
    with session() as (own, token):
        paths = SessionPaths(own.name, own.folder.parent, NODE)
        paths.ensure_runtime()
        with far_agent(own.folder) as process:
            made = Scene(paths, token, process)
            try:
                yield made
            finally:
                made.ear.close()


def refusal(folder: Path, node: str = NODE) -> Json:
    """Why an agent does not begin."""
    with far_agent(folder, node) as process:
        return last_word(process)


def test_it_says_who_it_is_and_what_it_has() -> None:
    with scene() as here:
        hello = here.hello["body"]
        assert hello["node"]["id"] == NODE
        assert (hello["far"], hello["address"]) == (True, "10.0.0.2")
        assert hello["host"] == platform.node()
        assert hello["versions"]["package"] == __version__
        assert hello["versions"]["python"] == platform.python_version()
        assert len(hello["instance"]) == 16


def test_what_is_its_own_lies_beside_what_all_share() -> None:
    with scene() as here:
        own = SessionPaths(here.paths.name, here.paths.folder.parent)
        here.ear.acknowledge(here.hello)
        here.start("t", ranks="print hello;finished 8")
        here.ear.hear_event("finished")
        status = until(lambda: read_status(here.paths))
        assert status["endpoint"] == engine_endpoint(here.paths.runtime)
        assert read_status(own) is None
        assert agent_alive(here.paths) and not agent_alive(own)
        names = {path.name for path in (own.folder / "nodes" / NODE).iterdir()}
        assert names == {"agent.json", "agent.lock", "agent.log", "zygote.log"}
        assert {path.name for path in own.folder.iterdir()} == {
            *("nodes", "payloads", "tasks", "trials", "inspections")
        }
        # Who reads what a rank has printed finds it where that of the own node is.
        assert (own.attempt("t", 1) / "rank0.log").read_text() == "hello\n"
        assert here.paths.runtime != own.runtime


def test_beside_it_works_the_agent_of_the_sessions_own_node() -> None:
    with scene() as here:
        own = SessionPaths(here.paths.name, here.paths.folder.parent)
        with EngineEar(own) as ear, agent(own):
            hello = ear.hear("agent.hello")["body"]
            assert hello["node"]["id"] == platform.node()
            assert "far" not in hello
            assert hello["instance"] != here.hello["body"]["instance"]
            until(lambda: read_status(own))
            assert agent_alive(own) and agent_alive(here.paths)


def test_it_ends_when_its_parent_lets_go() -> None:
    with scene() as here:
        here.ear.acknowledge(here.hello)
        here.start("t", ranks="helper;deaf;started 0;sleep 300")
        here.ear.hear_event("started")
        assert here.process.stdin is not None
        here.process.stdin.close()
        assert here.process.wait(SECONDS) == 0
        assert_gone(here.token)
        assert not here.paths.runtime.exists()
        assert read_status(here.paths) is None


def test_it_ends_with_a_parent_whose_pipe_another_holds_open() -> None:
    with session() as (own, token):
        paths = SessionPaths(own.name, own.folder.parent, NODE)
        paths.ensure_runtime()
        program = (
            "import subprocess, sys; made = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE);"
            "subprocess.Popen(['sleep', '300'], pass_fds=[made.stdin.fileno()]);"
            "made.wait()"
        )
        with EngineEar(paths) as ear:
            parent = subprocess.Popen([PYTHON, "-c", program, *command(own.folder)])
            hello = ear.hear("agent.hello")
            ear.acknowledge(hello)
            until(lambda: agent_alive(paths))
            parent.kill()
            parent.wait(SECONDS)
            until(lambda: not living(token, "far_agent_main"))
        assert not paths.runtime.exists()
        for pid, _ in living(token, "sleep"):
            os.kill(pid, signal.SIGKILL)


def test_ranks_end_with_an_agent_that_is_killed() -> None:
    with scene() as here:
        here.ear.acknowledge(here.hello)
        here.start("t", ranks="started 0;deaf;sleep 300")
        here.ear.hear_event("started")
        here.process.kill()
        assert_gone(here.token)


def test_without_the_sessions_folder_it_says_what_to_do() -> None:
    with session() as (own, _):
        failure = refusal(own.folder.parent / "elsewhere")
        assert failure["code"] == "no-shared-folder"
        assert NODE in failure["message"] and "SATURN_HOME" in failure["hint"]
        assert not (own.folder.parent / "elsewhere").exists()


def test_a_folder_that_others_may_enter_is_refused() -> None:
    with session() as (own, _):
        own.folder.chmod(0o755)
        assert refusal(own.folder)["code"] == "unsafe-folder"
        own.folder.chmod(0o700)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_folder_of_another_user_is_refused() -> None:
    with session() as (own, _):
        os.chown(own.folder, 12345, -1)
        assert refusal(own.folder)["code"] == "unsafe-folder"
        os.chown(own.folder, os.getuid(), -1)


@pytest.mark.parametrize("node", ["", "..", "a/b", "-x", "a" * 129])
def test_a_node_that_is_no_folders_name_is_refused(node: str) -> None:
    with session() as (own, _):
        assert refusal(own.folder, node)["code"] == "bad-node-name"


def test_of_one_node_there_is_one_agent() -> None:
    with scene() as here:
        assert refusal(here.paths.folder)["code"] == "node-taken"
        assert agent_alive(here.paths)


def test_an_engine_that_refuses_it_ends_it() -> None:
    with scene() as here:
        error = {"code": "other-versions", "message": "Too old.", "hint": "Upgrade."}
        here.ear.say("error", {"error": error}, re=here.hello["id"])
        assert last_word(here.process) == error
        assert_gone(here.token)


def test_an_engine_that_is_silent_may_give_its_tasks_away() -> None:
    with scene() as here:
        here.start("early", ranks="finished 8")
        here.ear.hear("agent.ping")
        # Without a word of the engine nothing begins.
        assert not here.paths.attempt("early", 1).exists()
        here.ear.acknowledge(here.hello)
        assert here.hear_event("finished")["body"]["task"] == "early"
        here.start("t", ranks="started 0;sleep 300")
        here.hear_event("started")
        here.heartbeat(3)
        stopped = here.ear.hear_event("stopped")["body"]
        assert stopped["task"] == "t"
        here.start("next", ranks="finished 8")
        here.ear.hear("agent.ping")
        assert not here.paths.attempt("next", 1).exists()
        assert here.hear_event("finished")["body"]["task"] == "next"


def test_given_up_by_the_engine_it_says_hello_again() -> None:
    with scene() as here:
        here.ear.acknowledge(here.hello)
        here.start("t", ranks="started 0;sleep 300")
        here.ear.hear_event("started")
        here.ear.say("error", {"error": {"code": "unknown-agent", "message": "Who are you?"}})
        hello = here.ear.hear("agent.hello")
        assert [group["task"] for group in hello["body"]["groups"]] == ["t"]
        assert hello["body"]["instance"] == here.hello["body"]["instance"]
        # The new line is the one that counts.
        here.ear.acknowledge(hello)
        here.ear.say("group.stop", {"task": "t", "attempt": 1, "graceSeconds": 20})
        assert here.ear.hear_event("stopped")["body"]["task"] == "t"


def test_what_a_task_needs_and_the_node_lacks_is_named() -> None:
    with scene() as here:
        here.ear.acknowledge(here.hello)
        place = {"folder": "/", "path": [], "variables": {}, "secrets": {}, "sources": {}}
        worlds: list[tuple[Json, str]] = [
            ({"python": "/nowhere/python"}, "no-interpreter"),
            ({"python": PYTHON, "folder": "/nowhere"}, "no-folder"),
            ({"python": PYTHON, "secrets": {"API_KEY": True}}, "missing-secret"),
        ]
        for number, (world, code) in enumerate(worlds):
            name = f"{number:016x}.json"
            write_json(here.paths.world(name), {**place, **world})
            here.start(f"t{number}", world=name, ranks="finished 8")
            error = here.ear.hear_event("failed")["body"]["error"]
            assert error["code"] == code
            assert NODE in error["message"] and error["hint"]


def test_a_task_has_its_notebooks_variables_and_those_of_the_nodes_machine() -> None:
    with scene() as here:
        here.ear.acknowledge(here.hello)
        here.of_notebook("0123456789abcdef.json")
        acts = "env MINE;env XDG_RUNTIME_DIR;finished 8"
        here.start("t", world="0123456789abcdef.json", ranks=acts)
        here.ear.hear_event("finished")
        printed = (here.paths.attempt("t", 1) / "rank0.log").read_text().split()
        assert printed == ["1", os.environ["XDG_RUNTIME_DIR"]]


def test_what_is_coming_is_loaded_for_before_it_comes() -> None:
    world = "0123456789abcdef.json"
    with scene() as here:
        here.ear.acknowledge(here.hello)
        first = until(here.zygotes)
        nobodys = {**task("t"), "world": "fedcba9876543210.json"}
        here.paths.payload(nobodys["payload"]).touch()
        here.ear.say("warm", {"task": nobodys})  # what is wrong is told when it comes
        here.of_notebook(world)
        here.ear.say("warm", {"task": {**nobodys, "world": world}})
        warmed = until(lambda: here.zygotes() - first)
        here.start("t", world=world, ranks="env MINE;finished 8")
        here.ear.hear_event("finished")
        assert here.zygotes() == warmed
        assert (here.paths.attempt("t", 1) / "rank0.log").read_text().split() == ["1"]

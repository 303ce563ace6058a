"""What tests of the agent stand on: short-lived sessions, their processes, and an engine's ear."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import zmq
from jupyterlab_saturn import wire
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint
from waiting import SECONDS, is_exiting, until

HERE = Path(__file__).parent
PYTHON = sys.executable
TOKEN = "SATURN_TEST_TOKEN"

Json = dict[str, Any]


@contextlib.contextmanager
def session() -> Iterator[tuple[SessionPaths, str]]:
    """An empty session and a token; every process started inside must be gone at the end.

    The token is in the environment of all processes started inside, which finds them however
    they were orphaned. Its folder is short: socket paths hold about 100 bytes.
    """
    home = Path(tempfile.mkdtemp(prefix="sat-"))
    token = uuid.uuid4().hex
    folders = {"XDG_RUNTIME_DIR": home / "run", "XDG_STATE_HOME": home / "state"}
    before = {name: os.environ.get(name) for name in (TOKEN, *folders)}
    os.environ |= {TOKEN: token} | {name: str(folder) for name, folder in folders.items()}
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    try:
        yield SessionPaths("test", home / "home").ensure(), token
        assert_gone(token)
    finally:
        for pid, _ in living(token):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def agent(paths: SessionPaths, zygote: str = "ready") -> Iterator[subprocess.Popen[bytes]]:
    """A real agent of a session, with a fake zygote and an engine that does nothing."""
    command = [PYTHON, str(HERE / "agent_main.py"), zygote, str(paths.folder)]
    with paths.agent_log.open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


def living(token: str, part: str = "") -> list[tuple[int, str]]:
    """Pid and command line of the living processes of a session whose command holds a part."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            command = " ".join(process.cmdline())
            if part in command and process.environ().get(TOKEN) == token:
                found.append((process.pid, command))
    return found


def assert_gone(token: str, part: str = "") -> None:
    """No process of the session is left, or will not be after a moment.

    Nor does one still hold its locks or sockets: the memory of one that dies, with its
    environment, goes before these, so that it is not known by its token any more.
    """
    try:
        until(lambda: not living(token, part) and not any(map(is_exiting, psutil.pids())))
    except AssertionError as late:
        raise AssertionError(f"left behind: {living(token, part)}") from late


def task(name: str = "t", **params: Any) -> Json:
    """A task for fake ranks; the parameters say what they do."""
    return {
        "name": name,
        "sweep": "t",
        "params": params,
        "seed": 0,
        "payload": "0123456789abcdef.pkl",
        "hash": f"hash-of-{name}",
    }


class EngineEar:
    """The socket of an engine, in the test's hands."""

    def __init__(self, paths: SessionPaths) -> None:
        paths.ensure_runtime()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.bind(engine_endpoint(paths.runtime))
        self.peer = b""
        """Who spoke last."""

    def hear(self, *types: str, seconds: float = SECONDS) -> Json:
        """The next message of one of some types; pings and others in between are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            assert self._socket.poll(max(0, int((deadline - time.monotonic()) * 1000))), types
            self.peer, data = self._socket.recv_multipart()
            envelope = wire.decode("agent", data)
            if envelope["type"] in types:
                return envelope

    def hear_raw(self, seconds: float = SECONDS) -> bytes:
        """Whatever comes next."""
        assert self._socket.poll(int(seconds * 1000))
        self.peer, data = self._socket.recv_multipart()
        return bytes(data)

    def hear_event(self, *kinds: str, seconds: float = SECONDS) -> Json:
        """The next group event of some kinds, whole."""
        while True:
            envelope = self.hear("group.event", seconds=seconds)
            if envelope["body"]["kind"] in kinds:
                return envelope

    def say(self, type: str, body: Json, re: str | None = None) -> str:
        """Send a message to whoever spoke last; its id."""
        envelope = wire.message("engine", type, body, re)
        self._socket.send_multipart([self.peer, wire.encode("engine", envelope)])
        return str(envelope["id"])

    def say_raw(self, data: bytes) -> None:
        """Send anything to whoever spoke last."""
        self._socket.send_multipart([self.peer, data])

    def acknowledge(self, envelope: Json) -> None:
        self.say("ok", {"rev": 1}, re=envelope["id"])

    def close(self) -> None:
        self._context.destroy(linger=0)

    def __enter__(self) -> EngineEar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

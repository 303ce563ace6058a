"""A real Jupyter server with the extension, pages of it, and sessions below its folder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import websocket
from fakes.engine import FakeEngine
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.whole_files import write_json
from waiting import SECONDS

TOKEN = "a-token-of-tests"


class SleepingSession:
    """A session folder as an agent leaves it; `run` lets an engine of the test's answer."""

    def __init__(self, home: Path, name: str = "default") -> None:
        self.paths = SessionPaths(name, home).ensure()
        self.paths.journal.touch()
        self.engine: FakeEngine | None = None
        self._sockets = tempfile.TemporaryDirectory(prefix="sat-")
        self._lock: TextIOWrapper | None = None

    @property
    def endpoint(self) -> str:
        return f"ipc://{self._sockets.name}/engine.sock"

    def run(self, endpoint: str | None = None) -> FakeEngine:
        """Be its agent."""
        self._lock = self.paths.agent_lock.open("a")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.engine = FakeEngine(self.endpoint)
        told = endpoint or self.endpoint
        write_json(self.paths.agent_status, {"pid": os.getpid(), "version": "0", "endpoint": told})
        return self.engine

    def summarize(self, **counts: Any) -> None:
        summary = {"goal": "none", "tasks": 0, "trained": 0, "failed": 0, "running": 0, "since": 7}
        write_json(self.paths.summary, summary | counts)

    def leave(self, *, killed: bool = False) -> None:
        """End, in an orderly way or not."""
        if self.engine is not None:
            self.engine.stop()
        if self._lock is not None:
            self._lock.close()
        if not killed:
            self.paths.agent_status.unlink(missing_ok=True)

    def close(self) -> None:
        self.leave()
        self._sockets.cleanup()


class Page:
    """A page's websocket to a session."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self.socket = socket
        self.got: list[Json] = []
        self._asked = 0

    def say(self, type: str, body: Json | None = None) -> str:
        self._asked += 1
        id = f"page-{self._asked}"
        self.send({"v": 1, "id": id, "type": type, "body": body or {}})
        return id

    def send(self, message: Any) -> None:
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def find(self, type: str, **wanted: Any) -> Json:
        """The next message of a type, and with these fields."""
        while True:
            message: Json = json.loads(self.socket.recv())
            wire.check("kernel" if message["type"] == "kernel.status" else "engine", message)
            self.got.append(message)
            if message["type"] == type and wanted.items() <= message.items():
                return message

    def ask(self, type: str, body: Json | None = None) -> Json:
        """What answers a message."""
        id = self.say(type, body)
        while True:
            message: Json = json.loads(self.socket.recv())
            self.got.append(message)
            if message.get("re") == id:
                return message


class Server:
    """A Jupyter server in a process of its own."""

    def __init__(self, root: Path, port: int, config: str = "") -> None:
        self.root = root
        self.url = f"http://127.0.0.1:{port}/base/"
        folder = root.parent
        config_file = folder / "config.py"
        config_file.write_text(config)
        extensions = {"jupyterlab_saturn": True}
        self._log = (folder / "server.log").open("wb")
        self._pages: list[Page] = []
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                f"--config={config_file}",
                *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
                *("--ServerApp.port_retries=0", "--ServerApp.base_url=/base/"),
                f"--IdentityProvider.token={TOKEN}",
                f"--ServerApp.root_dir={root}",
                f"--ServerApp.jpserver_extensions={extensions}",
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=root,
            env={
                **{name: value for name, value in os.environ.items() if name != "SATURN_HOME"},
                **{
                    f"JUPYTER_{kind}_DIR": str(folder / kind)
                    for kind in ("CONFIG", "DATA", "RUNTIME")
                },
                "IPYTHONDIR": str(folder / "ipython"),
            },
        )
        deadline = time.monotonic() + 60
        while self.status("api/status") != 200:
            assert self.process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)

    def get(self, path: str, token: str | None = TOKEN) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        headers = {} if token is None else {"Authorization": f"token {token}"}
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, None
        except OSError:
            return 0, None

    def status(self, path: str, token: str | None = TOKEN) -> int:
        return self.get(path, token)[0]

    def sessions(self) -> list[Json]:
        """What is listed."""
        status, answer = self.get("jupyterlab-saturn/sessions")
        assert status == 200
        listed: list[Json] = answer["sessions"]
        return listed

    def id_of(self, session: SleepingSession) -> str:
        [id] = [each["id"] for each in self.sessions() if each["path"] == str(session.paths.folder)]
        return str(id)

    def open(self, id: str, token: str | None = TOKEN, **options: Any) -> Page:
        """A websocket to a session. Raises `websocket.WebSocketBadStatusException`."""
        header = [] if token is None else [f"Authorization: token {token}"]
        url = self.url.replace("http:", "ws:") + f"jupyterlab-saturn/sessions/{id}"
        made = websocket.create_connection(url, timeout=30, header=header, **options)
        page = Page(made)
        self._pages.append(page)
        return page

    def cookie(self) -> str:
        """What a browser is given at its login."""
        with urllib.request.urlopen(f"{self.url}api/status?token={TOKEN}", timeout=30) as answer:
            jar = answer.headers.get_all("Set-Cookie", [])
        return "; ".join(each.split(";")[0] for each in jar)

    def leave(self) -> None:
        """Close all pages."""
        for page in self._pages:
            page.socket.close()
        self._pages.clear()

    def close(self) -> None:
        self.leave()
        self.process.terminate()
        self.process.wait(SECONDS)
        self._log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

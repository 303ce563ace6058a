"""A real zygote for tests, and the agent's end of its socket."""

from __future__ import annotations

import atexit
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.patience import patience
from waiting import SECONDS


class ZygoteClient:
    """The agent's end of a zygote's socket.

    Parameters
    ----------
    prefix
        Command that becomes the zygote in the end, such as ``unshare``.
    """

    def __init__(self, prefix: Sequence[str] = ()) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "jupyterlab_saturn.training.zygote", str(theirs.fileno())]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - until `close`
        self.process = subprocess.Popen(
            [*prefix, *command],
            pass_fds=[theirs.fileno()],
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        theirs.close()
        self.socket = ours
        self._lines = ours.makefile("r", encoding="utf-8")
        self.greeting: Json = self._receive()
        self.exits: dict[str, int] = {}

    def spawn(self, identity: str, request: Path, rank: int, log: Path) -> int:
        """Fork a rank. Returns its process id."""
        order = {
            "op": "spawn", "id": identity, "request": str(request), "rank": rank, "log": str(log),
        }  # fmt: skip
        try:
            self.socket.sendall(json.dumps(order).encode() + b"\n")
        except BrokenPipeError:
            raise AssertionError(self._last_words()) from None
        while True:
            message = self._receive()
            if message["op"] == "spawned":
                assert message["id"] == identity
                return int(message["pid"])
            self._note(message)

    def wait(self, identity: str) -> int:
        """Exit code of a rank, once it ends."""
        while identity not in self.exits:
            message = self._receive()
            self._note(message)
        return self.exits.pop(identity)

    def _note(self, message: Json) -> None:
        assert message["op"] == "exited", message
        self.exits[message["id"]] = message["code"]

    def close(self) -> None:
        self._lines.close()
        self.socket.close()
        self.process.wait(patience(SECONDS))
        self._errors.close()

    def _receive(self) -> Json:
        seconds = patience(SECONDS)
        self.socket.settimeout(seconds)
        try:
            line = self._lines.readline()
        except TimeoutError:
            self.process.kill()  # and with it its ranks, of which the next test is not to hear
            self.process.wait()
            raise AssertionError(f"no rank ended within {seconds:g} s") from None
        if not line:
            raise AssertionError(self._last_words())
        message: Json = json.loads(line)
        return message

    def _last_words(self) -> str:
        code = self.process.wait(patience(SECONDS))
        self._errors.seek(0)
        return f"the zygote ended with {code}\n{self._errors.read().decode(errors='replace')}"


@functools.cache
def _zygote() -> ZygoteClient:
    client = ZygoteClient()
    atexit.register(client.close)
    return client


def shared_zygote() -> ZygoteClient:
    """One zygote for all tests, while it lives: loading torch takes seconds."""
    if _zygote().process.poll() is not None:
        _zygote.cache_clear()
    return _zygote()

"""Another node of a session, on this machine: a real agent, with the test as its line."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from typing import Self

import psutil
import zmq
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint
from jupyterlab_saturn.private_folders import ensure_private
from jupyterlab_saturn.whole_files import write_json
from waiting import SECONDS

_AGENT = (sys.executable, "-P", "-m", "jupyterlab_saturn.agent")


class FarNode:
    """An agent of another node and what carries its frames to the session's engine, and back.

    Parameters
    ----------
    own
        Of the session, as its own node has them.
    """

    def __init__(self, own: SessionPaths, name: str = "far", devices: int = 1) -> None:
        self._own = own
        self.paths = SessionPaths.of_folder(own.folder, name)
        self.paths.ensure_runtime()
        ensure_private(self.paths.devices.parent)
        write_json(self.paths.devices, {"kind": "cpu", "count": devices})
        self.name = name
        self._state = tempfile.TemporaryDirectory(prefix="sat-")
        self._ended = threading.Event()
        self._bound = threading.Event()
        self._carrier = threading.Thread(target=self._carry, daemon=True)
        self._carrier.start()
        assert self._bound.wait(SECONDS)
        environment = {**os.environ, "XDG_STATE_HOME": self._state.name}
        self.agent = subprocess.Popen(
            [*_AGENT, "--node", name, "--address", "127.0.0.1", str(own.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment,
        )

    def close(self) -> None:
        assert self.agent.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.agent.stdin.close()
        self.agent.wait(SECONDS)
        self._ended.set()
        self._carrier.join(SECONDS)
        self._state.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ranks(self) -> list[psutil.Process]:
        """Of its groups, which come from its agent's zygote."""
        agent = psutil.Process(self.agent.pid)
        return [rank for zygote in agent.children() for rank in zygote.children()]

    def _carry(self) -> None:
        context = zmq.Context()
        here, there = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        here.setsockopt(zmq.ROUTER_MANDATORY, 0)
        here.bind(engine_endpoint(self.paths.runtime))
        there.connect(engine_endpoint(self._own.runtime))
        self._bound.set()
        poller = zmq.Poller()
        poller.register(here, zmq.POLLIN)
        poller.register(there, zmq.POLLIN)
        speaker = b""
        while not self._ended.is_set():
            for socket, _ in poller.poll(200):
                if socket is here:
                    speaker, *frames = here.recv_multipart()
                    there.send_multipart(frames)
                else:
                    here.send_multipart([speaker, *there.recv_multipart()])
        context.destroy(linger=0)

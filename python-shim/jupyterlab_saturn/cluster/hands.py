"""Hands: start an agent on the node where they are, and stand in there for the engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import zmq
import zmq.asyncio

from ..agent.far_environment import far_environment, parents_environment, restore_niceness
from ..agent.log_tail import tail
from ..agent.shared_folder_proof import answer_proof
from ..errors import SaturnError, failure_of
from ..paths import SessionPaths, engine_endpoint
from ..whole_files import write_json
from ..wire import validate
from .transport import HandsOrder, Heard

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

_log = logging.getLogger(__name__)

_POLL_SECONDS = 20.0
_LOOK_SECONDS = 2.0
_END_SECONDS = 10.0


class Hands:
    """An agent's parent, and the other end of its line.

    All methods are called in one event loop, and none of them at once but `receive` beside others.

    Parameters
    ----------
    command
        What to run as the agent of an order; the package's own when absent.
    environment
        The agent's variables.
    """

    def __init__(
        self,
        command: Callable[[HandsOrder], Sequence[str]] | None = None,
        environment: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self._command = command or agent_command
        self._environment = environment or _environment
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Path()
        self._socket: zmq.asyncio.Socket | None = None
        self._tending: list[asyncio.Task[None]] = []
        self._living: asyncio.Task[int] | None = None
        self._agent = b""
        self._out: list[bytes] = []
        self._dropped = 0
        self._in = 0
        self._news = asyncio.Event()

    async def start(self, order: HandsOrder) -> Failure | None:
        """Start the agent; why there is none, otherwise."""
        paths = SessionPaths.of_folder(order.folder, node=order.node)
        try:
            await asyncio.to_thread(answer_proof, paths, order.proof)
            self._start(order, paths)
        except Exception as error:
            return failure_of(error)
        return None

    def _start(self, order: HandsOrder, paths: SessionPaths) -> None:
        if order.devices is not None:
            write_json(paths.devices, order.devices)
        self._log = paths.agent_log
        endpoint = engine_endpoint(paths.ensure_runtime())
        # Before there is an agent: what it says first must find somebody.
        socket = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
        self._socket = socket
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.bind(endpoint)
        self._tending = [
            asyncio.create_task(self._read(socket)),
            asyncio.create_task(self._keep_place(socket, paths)),
        ]
        with self._log.open("ab") as log:
            # From a thread that lasts: the agent ends with the thread that started it.
            self._process = subprocess.Popen(
                self._command(order),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        restore_niceness(self._process.pid)
        self._living = asyncio.create_task(asyncio.to_thread(self._process.wait))
        self._living.add_done_callback(lambda _: self._news.set())

    async def receive(self, taken: int) -> Heard:
        """Wait for what the agent says, `_POLL_SECONDS` at most."""
        del self._out[: taken - self._dropped]
        self._dropped = max(taken, self._dropped)
        self._news.clear()
        if not self._out and self._lives:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _POLL_SECONDS)
        count = self._dropped + len(self._out)
        if not self._out and not self._lives:
            return Heard(count, [], self._last_words())
        return Heard(count, list(self._out))

    async def send(self, first: int, frames: Sequence[bytes]) -> None:
        """Give the agent frames; those that it was given before are left out."""
        for frame in frames[max(0, self._in - first) :]:
            if self._agent and self._socket is not None:
                await self._socket.send_multipart([self._agent, frame])
            self._in += 1

    async def end(self) -> None:
        """End the agent, which ends what it does."""
        if self._process is not None and self._living is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.terminate()
            _, pending = await asyncio.wait((self._living,), timeout=_END_SECONDS)
            if pending:
                self._process.kill()
                await self._living
        for task in self._tending:
            task.cancel()
        if self._socket is not None:
            self._socket.close()

    @property
    def _lives(self) -> bool:
        return self._living is not None and not self._living.done()

    async def _read(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            identity, *frames = await socket.recv_multipart()
            # An agent that takes up its line anew has a new socket; nobody is at the old one.
            self._agent = identity
            self._out += frames
            self._news.set()

    async def _keep_place(self, socket: zmq.asyncio.Socket, paths: SessionPaths) -> None:
        """Listen anew when the socket's file was removed: its folder is one that is cleaned up."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            endpoint = engine_endpoint(paths.runtime)
            if not Path(endpoint.removeprefix("ipc://")).exists():
                try:
                    paths.ensure_runtime()
                    socket.bind(endpoint)
                except (SaturnError, zmq.ZMQError) as error:
                    _log.warning("The agent's socket cannot be made anew: %s", error)

    def _last_words(self) -> Failure:
        """Why the agent ended, as it said, if it did."""
        process = self._process
        said = b""
        if process is not None and process.stdout is not None:
            # Not to its end: what the agent has started may outlive it for a moment, and hold it.
            os.set_blocking(process.stdout.fileno(), False)
            said = process.stdout.read() or b""
        with contextlib.suppress(SaturnError, ValueError):
            failure = valid_failure(json.loads(said))
            if failure is not None:
                return failure
        code = None if process is None else process.returncode
        error = SaturnError(
            "agent-died",
            f"The agent of the node ended with code {code}.",
            f"Its log is {self._log}.",
        )
        error.traceback = tail(self._log)
        return error.to_json()


def agent_command(order: HandsOrder) -> list[str]:
    """The package's agent, by the Python that runs these hands."""
    program = [sys.executable, "-P", "-m", "jupyterlab_saturn.agent"]
    return [*program, "--node", order.node, "--address", order.address, order.folder]


def _environment() -> dict[str, str]:
    return far_environment(os.environ, parents_environment())


def valid_failure(value: object) -> Failure | None:
    """A failure that another node tells. Raises SaturnError ``bad-message``."""
    if value is None:
        return None
    validate("Failure", value)
    return cast("Failure", value)

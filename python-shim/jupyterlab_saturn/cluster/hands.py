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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..agent.far_environment import far_environment, parents_environment, restore_niceness
from ..agent.log_tail import tail
from ..agent.shared_folder_proof import answer_proof
from ..errors import SaturnError, failure_of
from ..files.frames import files_endpoint
from ..files.node_folder import make_node_folder, remove_node_folder
from ..paths import SessionPaths, engine_endpoint
from ..whole_files import write_json
from ..wire import validate
from .hands_socket import HandsSocket
from .packed_call import packed, unpacked
from .transport import Begun, HandsOrder, Stream, StreamReply, StreamRequest

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

_log = logging.getLogger(__name__)

_POLL_SECONDS = 20.0
_END_SECONDS = 10.0


class Hands:
    """An agent's parent, and the other end of its line.

    All methods are called in one event loop.

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
        self._sockets: dict[Stream, HandsSocket] = {}
        self._living: asyncio.Task[int] | None = None
        self._own: SessionPaths | None = None
        self._words: Failure | None = None

    async def start(self, order: HandsOrder) -> Begun:
        """Start the agent, in a folder of the node's own where the session's is not here."""
        paths = SessionPaths.of_folder(order.folder, node=order.node)
        try:
            if not await asyncio.to_thread(_shares, paths, order.proof):
                paths = self._own = await asyncio.to_thread(
                    make_node_folder, order.folder, order.node
                )
            self._start(order, paths)
        except Exception as error:
            return Begun(failure_of(error))
        return Begun(carries=self._own is not None)

    def _start(self, order: HandsOrder, paths: SessionPaths) -> None:
        if order.devices is not None:
            write_json(paths.devices, order.devices)
        self._log = paths.agent_log
        # Before there is an agent: what it says first must find somebody.
        self._sockets["engine"] = HandsSocket(lambda: engine_endpoint(paths.ensure_runtime()))
        if self._own is not None:
            self._sockets["files"] = HandsSocket(lambda: files_endpoint(paths.ensure_runtime()))
        with self._log.open("ab") as log:
            # From a thread that lasts: the agent ends with the thread that started it.
            self._process = subprocess.Popen(
                self._command(replace(order, folder=str(paths.folder))),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        restore_niceness(self._process.pid)
        self._living = asyncio.create_task(asyncio.to_thread(self._process.wait))
        self._living.add_done_callback(lambda _: self._wake())

    async def call(self, call: bytes) -> bytes:
        """`swap`, packed by who calls: the quick way through a cluster."""
        (stream, round_, first, taken), frames = unpacked(call)
        heard = await self.swap(stream, StreamRequest(round_, first, frames, taken))
        return packed([heard.count, heard.given, heard.failure], heard.frames)

    async def swap(self, stream: Stream, told: StreamRequest) -> StreamReply:
        """See `RemoteHands.swap`; frames are waited for 20 seconds."""
        heard = await self._sockets[stream].swap(told, _POLL_SECONDS if self._lives else 0)
        if heard.frames or self._lives:
            return heard
        self._words = self._words or self._last_words()
        return replace(heard, failure=self._words)

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
        for socket in self._sockets.values():
            socket.close()
        if self._own is not None:
            await asyncio.to_thread(remove_node_folder, self._own)

    @property
    def _lives(self) -> bool:
        return self._living is not None and not self._living.done()

    def _wake(self) -> None:
        for socket in self._sockets.values():
            socket.answer()

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


def _shares(paths: SessionPaths, proof: str) -> bool:
    """Whether this node has the session's very folder. Raises as `answer_proof`, but for that."""
    try:
        answer_proof(paths, proof)
    except SaturnError as error:
        if error.code != "no-shared-folder":
            raise
        _log.info("Files are carried. %s", error.message)
        return False
    return True


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

"""The line of a far node: what its agent says goes to the engine, and the other way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import zmq
import zmq.asyncio

from ..errors import SaturnError, failure_of
from ..wire import check_size, encode, message
from .hands_stream import HandsStream
from .transport import HandsGone, RemoteHands

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

_log = logging.getLogger(__name__)

_LINGER_MS = 1000


class NodeLine:
    """One socket of the engine's for the life of one agent.

    Frames pass as they are: agent and engine check them, and repeat what got lost with either.

    Parameters
    ----------
    node
        Id of the node in the session.
    hands
        Where its agent was started.
    endpoint
        Address of the engine's socket.
    heard
        Called when the agent has said its first word.
    """

    def __init__(
        self, node: str, hands: RemoteHands, endpoint: str, *, heard: Callable[[], None]
    ) -> None:
        self._node = node
        self._stream = HandsStream(node, hands, "engine")
        self._heard = heard
        self._context = zmq.asyncio.Context.instance()
        self._endpoint = endpoint
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, _LINGER_MS)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 50)
        self._socket.connect(endpoint)

    def lead_to(self, endpoint: str) -> None:
        """The engine listens elsewhere as well: who finds it at neither place misses nothing."""
        if endpoint != self._endpoint:
            self._socket.disconnect(self._endpoint)
            self._socket.connect(endpoint)
            self._endpoint = endpoint

    async def run(self) -> Failure:
        """Carry frames until the agent, its hands or the node are gone; tells the engine why."""
        up = asyncio.create_task(self._up())
        down = asyncio.create_task(self._down())
        try:
            done, _ = await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            failure = done.pop().result()
        except Exception as error:
            _log.exception("Something is wrong with the line of node %s.", self._node)
            failure = failure_of(error)
        finally:
            for task in (up, down):
                task.cancel()
        self.say_gone(failure)
        return failure

    def say_gone(self, failure: Failure) -> None:
        """Tell the engine that there is nobody at the other end any more."""
        told = message("agent", "agent.gone", {"node": self._node, "error": failure})
        self._socket.send(encode("agent", told))

    def close(self) -> None:
        """Cut the line, after what is still to be sent."""
        self._socket.close()

    async def _up(self) -> Failure:
        is_heard = False
        while True:
            try:
                heard = await self._stream.take()
            except HandsGone as error:
                return node_gone(error)
            if heard.failure is not None:
                return heard.failure
            if not is_heard and heard.frames:
                is_heard = True
                self._heard()
            for frame in self._passing(heard.frames):
                # Without a high-water mark nothing is ever waited for here.
                self._socket.send(frame)

    async def _down(self) -> Failure:
        while True:
            frames = [(await self._socket.recv_multipart())[-1]]
            while await self._socket.poll(0):
                frames.append((await self._socket.recv_multipart())[-1])
            try:
                await self._stream.give(list(self._passing(frames)))
            except HandsGone as error:
                return node_gone(error)

    def _passing(self, frames: Sequence[bytes]) -> Iterator[bytes]:
        """Without those that neither end would take."""
        for frame in frames:
            try:
                check_size(frame)
            except SaturnError as error:
                _log.warning(
                    "Too much is said at once on the line of node %s. %s", self._node, error
                )
            else:
                yield frame


def node_gone(error: Exception) -> Failure:
    """What is said when a cluster tells that a node, or what we had there, is gone."""
    return {
        "code": "node-gone",
        "message": str(error) or "It is gone.",  # who shows it names the node
        "hint": "What it trained goes on elsewhere from its last checkpoints. When the node is "
        "back, it is used again.",
    }

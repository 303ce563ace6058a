"""The line of a far node: what its agent says goes to the engine, and the other way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import zmq

from ..errors import SaturnError, failure_of
from ..wire import check_size, encode, message
from .frame_socket import FrameSocket
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
        self._endpoint = endpoint
        self._socket = FrameSocket(zmq.DEALER, self._listen, linger=_LINGER_MS)
        self._socket.connect(endpoint)

    def lead_to(self, endpoint: str) -> None:
        """The engine listens elsewhere as well: who finds it at neither place misses nothing."""
        if endpoint != self._endpoint:
            self._socket.disconnect(self._endpoint)
            self._socket.connect(endpoint)
            self._endpoint = endpoint

    async def run(self) -> Failure:
        """Carry frames until the agent, its hands or the node are gone; tells the engine why."""
        try:
            failure = await self._carry()
        except HandsGone as error:
            failure = node_gone(error)
        except Exception as error:
            _log.exception("Something is wrong with the line of node %s.", self._node)
            failure = failure_of(error)
        finally:
            self._stream.close()
        self.say_gone(failure)
        return failure

    def say_gone(self, failure: Failure) -> None:
        """Tell the engine that there is nobody at the other end any more."""
        told = message("agent", "agent.gone", {"node": self._node, "error": failure})
        self._socket.send(encode("agent", told))

    def close(self) -> None:
        """Cut the line, after what is still to be sent."""
        self._socket.close()

    async def _carry(self) -> Failure:
        is_heard = False
        while True:
            heard = await self._stream.take()
            if heard.failure is not None:
                return heard.failure
            if not is_heard:
                is_heard = True
                self._heard()
            for frame in self._passing(heard.frames):
                self._socket.send(frame)

    def _listen(self, messages: list[list[bytes]]) -> None:
        self._stream.give([*self._passing([parts[-1] for parts in messages])])

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

"""What a cluster gives the bridge: nodes, a way to have hands on each, and a line to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from ..generated.wire_types import DeviceRequest, Failure


class HandsGone(Exception):
    """Hands have ended, or their node has; the message says why."""


class HandsUnreachable(Exception):
    """Nothing is known of hands for now: whether a call reached them, nor whether they live."""


@dataclass(frozen=True)
class ClusterNode:
    """A node as the cluster knows it.

    Attributes
    ----------
    key
        What the cluster calls it; a machine that comes back may have another.
    host
        Name of its machine, which others may have as well.
    address
        In the cluster's network.
    is_own
        Whether this process runs there.
    capacity
        What the cluster shares out of it, in its own words: all that a reservation takes.
    """

    key: str
    host: str
    address: str
    is_own: bool
    capacity: Mapping[str, float] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class HandsOrder:
    """What hands are to do.

    Attributes
    ----------
    folder
        The session's folder, by the same path on all nodes.
    node
        Id of the node in the session.
    address
        Of the node, as others reach it.
    proof
        Name of the file by which the folder is known to be the same one: see `SharedFolderProof`.
    devices
        Which devices to begin with; as last time, or what there is, when None.
    """

    folder: str
    node: str
    address: str
    proof: str
    devices: DeviceRequest | None = None


Stream = Literal["engine", "files"]
"""What frames are of: what agent and engine say to each other, or files, which are large and must
not be before the others."""


@dataclass(frozen=True)
class Begun:
    """What came of having hands begin.

    Attributes
    ----------
    failure
        Why there is no agent.
    carries
        Whether the node does not have the session's folder, so that files are to be carried.
    """

    failure: Failure | None = None
    carries: bool = False


@dataclass(frozen=True)
class StreamRequest:
    """What hands are told of a stream. Frames have numbers, from 0 on: each counts once.

    Attributes
    ----------
    round
        Calls of an earlier round are answered without frames, and what was answered to them and
        not taken is answered again: nobody knows whether they got it.
    first
        Number of the first of `frames`.
    frames
        For the agent; each is one wire message.
    taken
        So many frames of the agent were taken: they are not asked for again.
    """

    round: int
    first: int
    frames: Sequence[bytes]
    taken: int


@dataclass(frozen=True)
class StreamReply:
    """What hands answer.

    Attributes
    ----------
    count
        So many frames of the agent were answered in all, up to the last of `frames`.
    given
        So many frames the agent was given in all.
    frames
        Those of the agent that were not answered yet, oldest first; each is one wire message.
    failure
        Why the agent there has ended, once all its frames were taken.
    """

    count: int
    given: int
    frames: list[bytes]
    failure: Failure | None = None


class RemoteHands(Protocol):
    """Hands on a node. Each method may raise `HandsGone` or `HandsUnreachable`.

    Where `swap` was unreachable, it may have been carried out.
    """

    async def start(self, order: HandsOrder) -> Begun:
        """Start an agent."""

    async def swap(self, stream: Stream, told: StreamRequest) -> StreamReply:
        """Give the agent frames, and wait for some of it; none come after a while.

        Of calls that wait, the oldest gets what comes. When more wait than are of use, the oldest
        is answered without any.
        """

    async def end(self) -> None:
        """End the agent, and these hands. Raises nothing."""


class NodeReservation(Protocol):
    """A node that is to be kept from the cluster's other users. It ends with this process.

    Each method may raise `HandsUnreachable`.
    """

    async def is_granted(self) -> bool:
        """Whether the node is ours; until then others have a part of it."""

    async def give_back(self) -> None:
        """Let others have it."""


class Transport(Protocol):
    """A cluster of one kind."""

    async def connect(self) -> str:
        """Join it; its address.

        Raises
        ------
        SaturnError
            Why that cannot be, or must not.
        """

    async def nodes(self) -> list[ClusterNode]:
        """The nodes that are there now. Raises `HandsUnreachable` when nobody says."""

    async def hands(self, node: ClusterNode) -> RemoteHands:
        """New hands on a node.

        Raises
        ------
        SaturnError
            Why none can be there.
        HandsGone, HandsUnreachable
            The node is gone, or may be.
        """

    async def reserve(self, node: ClusterNode) -> NodeReservation:
        """Ask for the whole of a node. Raises `HandsUnreachable`."""

    async def close(self) -> None:
        """Leave the cluster."""

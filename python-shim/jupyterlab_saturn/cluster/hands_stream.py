"""What hands and bridge say to each other of one stream: each frame once, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from .transport import HandsUnreachable, RemoteHands, Stream, StreamReply, StreamRequest

_log = logging.getLogger(__name__)

_AGAIN_SECONDS = 0.1
_MOST_CALLS = 4


class HandsStream:
    """Has a call wait there for what is said; those that give frames wait there as well.

    So a frame and its answer take one call. When a call fails, nobody knows whether it reached
    hands: what they are not known to have is given again, and what they may have answered is asked
    for again.

    Parameters
    ----------
    node
        Id of the node in the session.
    """

    def __init__(self, node: str, hands: RemoteHands, stream: Stream) -> None:
        self._node = node
        self._hands = hands
        self._stream = stream
        self._calls: set[asyncio.Task[StreamReply]] = set()
        self._answers: asyncio.Queue[tuple[StreamRequest, StreamReply | BaseException]] = (
            asyncio.Queue()
        )
        self._frames: list[bytes] = []
        self._given = 0  # frames before these hands have
        self._called = 0  # frames before these are given by calls that were made
        self._taken = 0
        self._early: dict[int, StreamReply] = {}
        self._round = 0
        self._rests = False
        self._is_cut = False

    def give(self, frames: Sequence[bytes]) -> None:
        """Give the agent frames."""
        self._frames += frames
        self._call()

    async def take(self) -> StreamReply:
        """What is new: frames, or why the agent has ended. Raises `HandsGone`."""
        while True:
            self._call()
            told, answer = await self._answers.get()
            if isinstance(answer, HandsUnreachable):
                await self._rest(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                self._is_cut = False
                new = self._new(told, answer)
                if new.frames or new.failure is not None:
                    return new

    def close(self) -> None:
        """Call no more."""
        self._rests = True
        for call in self._calls:
            call.cancel()

    def _call(self) -> None:
        count = self._given + len(self._frames)
        is_due = not self._calls or self._called < count
        if self._rests or not is_due or len(self._calls) >= _MOST_CALLS:
            return
        frames = self._frames[self._called - self._given :]
        told = StreamRequest(self._round, self._called, frames, self._taken)
        self._called = count
        call = asyncio.create_task(self._hands.swap(self._stream, told))
        self._calls.add(call)
        call.add_done_callback(partial(self._answered, told))

    def _answered(self, told: StreamRequest, call: asyncio.Task[StreamReply]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            self._answers.put_nowait((told, call.exception() or call.result()))

    def _new(self, told: StreamRequest, heard: StreamReply) -> StreamReply:
        """Of an answer, what no other has brought."""
        if heard.given > self._given:
            del self._frames[: heard.given - self._given]
            self._given = heard.given
            self._called = max(self._called, self._given)
        first = heard.count - len(heard.frames)
        if told.round == self._round and told.first > heard.given:
            self._begin_round()  # this call has overtaken another
        if first > self._taken:  # its answer has: nothing is asked for twice, it may be much
            if told.round == self._round and heard.frames:
                self._early[first] = heard
            return StreamReply(self._taken, self._given, [])
        frames = heard.frames[self._taken - first :]
        self._taken += len(frames)
        while (early := self._early.pop(self._taken, None)) is not None:
            frames += early.frames
            self._taken = early.count
        return StreamReply(self._taken, self._given, frames, heard.failure)

    async def _rest(self, error: HandsUnreachable) -> None:
        if not self._is_cut:
            _log.warning("Node %s cannot be reached. %s", self._node, error)
        self._is_cut = True
        self._rests = True
        await asyncio.sleep(_AGAIN_SECONDS)
        self._rests = False
        self._begin_round()

    def _begin_round(self) -> None:
        self._round += 1
        self._early.clear()
        self._called = self._given

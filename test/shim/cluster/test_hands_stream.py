"""A stream gives and takes each frame once, in order, whatever becomes of its calls."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from jupyterlab_saturn.cluster import hands_stream
from jupyterlab_saturn.cluster.hands_socket import HandsSocket
from jupyterlab_saturn.cluster.hands_stream import HandsStream
from jupyterlab_saturn.cluster.transport import (
    Begun,
    HandsOrder,
    HandsUnreachable,
    Stream,
    StreamReply,
    StreamRequest,
)

FRAMES = 60


class WorseHands:
    """Calls overtake one another, get lost, or are carried out and nobody learns of it."""

    def __init__(self, socket: HandsSocket, chance: random.Random) -> None:
        self._socket = socket
        self._chance = chance
        self._late: set[asyncio.Task[StreamReply]] = set()

    async def start(self, order: HandsOrder) -> Begun:
        raise NotImplementedError

    async def swap(self, stream: Stream, told: StreamRequest) -> StreamReply:
        await asyncio.sleep(self._chance.choice([0, 0, 0.002]))
        luck = self._chance.random()
        if luck < 0.15:
            raise HandsUnreachable("It did not arrive.")
        call = asyncio.create_task(self._socket.swap(told, 0.05))
        if luck < 0.3:
            self._late.add(call)  # it goes on, and takes what it may
            raise HandsUnreachable("It may have arrived.")
        heard = await call
        await asyncio.sleep(self._chance.choice([0, 0, 0.002]))
        if luck < 0.45:
            raise HandsUnreachable("Its answer got lost.")
        return heard

    async def end(self) -> None:
        await asyncio.gather(*self._late)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(8))
def test_each_frame_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(hands_stream, "_AGAIN_SECONDS", 0.001)
    chance = random.Random(seed)
    endpoint = f"ipc://{tmp_path}/h.sock"

    async def echo(agent: zmq.asyncio.Socket) -> None:
        await agent.send(b"hello")
        while True:
            await agent.send(await agent.recv())

    async def work() -> list[bytes]:
        socket = HandsSocket(lambda: endpoint)
        hands = WorseHands(socket, chance)
        stream = HandsStream("far", hands, "engine")
        agent = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        agent.connect(endpoint)
        echoing = asyncio.create_task(echo(agent))
        heard = (await stream.take()).frames
        for first in range(0, FRAMES, 3):
            stream.give([b"%d" % number for number in range(first, first + 3)])
            if chance.random() < 0.5:
                heard += (await stream.take()).frames
        while len(heard) < FRAMES + 1:
            heard += (await stream.take()).frames
        echoing.cancel()
        stream.close()
        await hands.end()
        agent.close(0)
        socket.close()
        return heard

    assert asyncio.run(work()) == [b"hello", *(b"%d" % number for number in range(FRAMES))]

"""What an agent says to its hands is kept until it was taken, whoever asks how often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from jupyterlab_saturn.cluster.hands_socket import HandsSocket
from jupyterlab_saturn.cluster.transport import StreamReply, StreamRequest

pytestmark = pytest.mark.timeout(20)

LONG = 15.0
Agent = zmq.asyncio.Socket


def scene(
    tmp_path: Path, work: Callable[[HandsSocket, Agent], Awaitable[None]], frames: int = 0
) -> None:
    """Hands' socket, and an agent that has said frames ``0``, ``1``..."""
    endpoint = f"ipc://{tmp_path}/h.sock"

    async def run() -> None:
        hands = HandsSocket(lambda: endpoint)
        agent = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        agent.connect(endpoint)
        for number in range(frames):
            await agent.send(b"%d" % number)
            await hands.swap(StreamRequest(0, 0, [], 0), LONG)
        await work(hands, agent)
        agent.close(0)
        hands.close()

    asyncio.run(run())


def ask(hands: HandsSocket, told: StreamRequest) -> asyncio.Task[StreamReply]:
    return asyncio.create_task(hands.swap(told, LONG))


def test_what_an_answer_lost_was_to_bring_comes_again(tmp_path: Path) -> None:
    async def work(hands: HandsSocket, agent: Agent) -> None:
        again = await hands.swap(StreamRequest(1, 0, [], 3), LONG)
        assert (again.count, again.frames) == (6, [b"3", b"4", b"5"])
        # A call that nobody waits for any more may still arrive: it takes nothing from others.
        await agent.send(b"6")
        late = await hands.swap(StreamRequest(0, 0, [], 1), LONG)
        assert late.frames == []
        assert (await hands.swap(StreamRequest(1, 0, [], 6), LONG)).frames == [b"6"]

    scene(tmp_path, work, frames=6)


def test_of_calls_that_wait_the_oldest_gets_what_comes(tmp_path: Path) -> None:
    async def work(hands: HandsSocket, agent: Agent) -> None:
        calls = [ask(hands, StreamRequest(0, number, [b"%d" % number], 1)) for number in range(2)]
        assert [await agent.recv() for _ in calls] == [b"0", b"1"]
        await agent.send(b"1")
        assert (await calls[0]).frames == [b"1"]
        assert not calls[1].done()
        # More than two have no use: the oldest is told that what it gave has arrived.
        more = [ask(hands, StreamRequest(0, number, [b"%d" % number], 1)) for number in (2, 3)]
        heard = await calls[1]
        assert (heard.frames, heard.given) == ([], 4)
        assert not any(call.done() for call in more)
        # When all is asked anew, those of before are of no use.
        last = ask(hands, StreamRequest(1, 4, [], 1))
        assert [(await call).frames for call in more] == [[], []]
        assert (await last).frames == [b"1"]

    scene(tmp_path, work, frames=1)


def test_a_call_that_overtakes_another_is_told_what_is_missing(tmp_path: Path) -> None:
    async def work(hands: HandsSocket, agent: Agent) -> None:
        early = await hands.swap(StreamRequest(0, 1, [b"1"], 1), LONG)
        assert (early.given, early.frames) == (0, [])
        waiting = ask(hands, StreamRequest(1, 0, [b"0", b"1"], 1))
        assert [await agent.recv(), await agent.recv()] == [b"0", b"1"]
        twice = ask(hands, StreamRequest(1, 0, [b"0", b"1", b"2"], 1))
        assert await agent.recv() == b"2"
        hands.answer()
        assert [(await call).given for call in (waiting, twice)] == [3, 3]

    scene(tmp_path, work, frames=1)


def test_a_call_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    async def work(hands: HandsSocket, agent: Agent) -> None:
        assert (await hands.swap(StreamRequest(0, 0, [], 0), 0.01)).frames == []
        await agent.send(b"0")
        assert (await hands.swap(StreamRequest(0, 0, [], 0), LONG)).frames == [b"0"]

    scene(tmp_path, work)


def test_what_comes_while_calls_of_before_are_sent_away_waits_for_nothing(tmp_path: Path) -> None:
    async def work(hands: HandsSocket, agent: Agent) -> None:
        old = ask(hands, StreamRequest(0, 0, [], 1))
        await asyncio.sleep(0)
        new = ask(hands, StreamRequest(1, 0, [], 1))
        # Between the word to the old one and its going on.
        asyncio.get_running_loop().call_soon(hands._heard, [[b"agent", b"1"]])
        assert (await asyncio.wait_for(new, LONG / 3)).frames == [b"1"]
        assert (await old).frames == []

    scene(tmp_path, work, frames=1)

"""What an agent says to its hands is kept until it was taken, whoever asks how often."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from jupyterlab_saturn.cluster.hands_socket import HandsSocket


@pytest.mark.timeout(10)
def test_who_asks_late_takes_nothing_from_others(tmp_path: Path) -> None:
    """A call that nobody waits for any more may still arrive, after those that came after it."""
    endpoint = f"ipc://{tmp_path}/h.sock"

    async def work() -> tuple[list[bytes], list[bytes]]:
        hands = HandsSocket(lambda: endpoint)
        agent = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        agent.connect(endpoint)
        for number in range(6):
            await agent.send(b"%d" % number)
        while hands.count < 6:
            await asyncio.sleep(0.01)
        assert hands.frames(3) == [b"3", b"4", b"5"]
        late, now = hands.frames(1), hands.frames(3)
        agent.close(0)
        hands.close()
        return late, now

    assert asyncio.run(work()) == ([b"3", b"4", b"5"], [b"3", b"4", b"5"])

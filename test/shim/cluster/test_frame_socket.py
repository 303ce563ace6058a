"""What comes on a socket is handed over, whatever else was done with the socket meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
from jupyterlab_saturn.cluster.frame_socket import FrameSocket

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda socket, folder: socket.connect(f"ipc://{folder}/b.sock"),
        lambda socket, folder: socket.bind(f"ipc://{folder}/b.sock"),
        lambda socket, folder: socket.send(b"other"),
    ],
)
def test_a_message_that_is_there_already_is_handed_over(
    tmp_path: Path, meanwhile: Callable[[FrameSocket, Path], None]
) -> None:
    async def run() -> list[list[bytes]]:
        came: list[list[bytes]] = []
        socket = FrameSocket(zmq.DEALER, came.extend)
        other: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        try:
            socket.connect(f"ipc://{tmp_path}/a.sock")
            other.bind(f"ipc://{tmp_path}/a.sock")
            socket.send(b"first")
            assert other.recv() == b"first"
            await asyncio.sleep(0.1)
            other.send(b"answer")
            time.sleep(0.1)
            meanwhile(socket, tmp_path)
            for _ in range(20):
                if came:
                    break
                await asyncio.sleep(0.05)
        finally:
            socket.close()
            other.close(0)
        return came

    assert asyncio.run(run()) == [[b"answer"]]

"""How long a frame is on its way from an engine to an agent of another node, and back.

As a program it is that engine: ``exchange.py ENDPOINT ROUNDS`` prints the milliseconds of each.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import zmq
from fakes.local_cluster import echo_command
from jupyterlab_saturn.agent.shared_folder_proof import SharedFolderProof
from jupyterlab_saturn.cluster.hands import Hands
from jupyterlab_saturn.cluster.node_line import NodeLine
from jupyterlab_saturn.cluster.ray_transport import RayTransport
from jupyterlab_saturn.cluster.transport import HandsOrder
from jupyterlab_saturn.paths import SessionPaths

FRAME = b"x" * 500  # about what a step's report takes


class Echoing(Hands):
    """Hands whose agent says back what it hears."""

    def __init__(self) -> None:
        super().__init__(echo_command)


async def exchange(address: str, rounds: int, say: Callable[[str], None]) -> None:
    """Send frames to an agent that says them back, and tell how long it took."""
    with tempfile.TemporaryDirectory(prefix="sat-") as folder:
        SessionPaths("bench", folder).ensure()
        paths = SessionPaths("bench", folder, node="far").ensure()
        endpoint = f"ipc://{folder}/engine.sock"
        engine = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, endpoint, str(rounds)), stdout=asyncio.subprocess.PIPE
        )
        transport = RayTransport({"address": address}, str(paths.folder))
        await transport.connect()
        [node] = [node for node in await transport.nodes() if not node.is_own]
        hands = await transport.hands(node, Echoing)
        with SharedFolderProof(paths) as proof:
            order = HandsOrder(str(paths.folder), "far", node.address, proof.name)
            begun = await hands.start(order)
            assert begun.failure is None and not begun.carries, begun
        line = NodeLine("far", hands, endpoint, heard=lambda: None)
        carrying = asyncio.create_task(line.run())
        output, _ = await engine.communicate()
        times = sorted(json.loads(output))
        say(
            f"a frame of {len(FRAME)} bytes there and back, engine to agent to engine: median "
            f"{statistics.median(times):.2f} ms, 99 % within {times[int(0.99 * rounds)]:.2f} ms"
        )
        carrying.cancel()
        await hands.end()
        line.close()
        await transport.close()


def timed(endpoint: str, rounds: int) -> list[float]:
    """Milliseconds of each round, once the agent has said its first word."""
    engine = zmq.Context().socket(zmq.ROUTER)
    engine.bind(endpoint)
    agent, _ = engine.recv_multipart()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        engine.send_multipart([agent, FRAME])
        engine.recv_multipart()
        times.append((time.perf_counter() - begun) * 1000)
    return times


if __name__ == "__main__":
    sys.stdout.write(json.dumps(timed(sys.argv[1], int(sys.argv[2]))))

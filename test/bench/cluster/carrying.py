"""What it costs to carry a checkpoint to the session and back, where nodes share no folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
from jupyterlab_saturn.cluster.file_carrier import FileCarrier
from jupyterlab_saturn.cluster.hands import Hands
from jupyterlab_saturn.cluster.ray_transport import RayTransport
from jupyterlab_saturn.cluster.transport import HandsOrder
from jupyterlab_saturn.files.session_store import SessionStore
from jupyterlab_saturn.paths import SessionPaths

AGENT = Path(__file__).with_name("carrying_agent.py")
MIB = 1 << 20
WAYS = ("sent", "brought")


def carrying_hands(megabytes: int, told: Path) -> type[Hands]:
    """Hands whose agent carries so much, and writes down what that took."""

    class CarryingHands(Hands):
        def __init__(self) -> None:
            of_agent = [str(megabytes), str(told)]
            super().__init__(
                lambda order: [sys.executable, str(AGENT), order.node, order.folder, *of_agent]
            )

    return CarryingHands


async def carry(address: str, megabytes: int, say: Callable[[str], None]) -> None:
    """Carry a checkpoint from another node of a cluster and back, and tell what it took."""
    with tempfile.TemporaryDirectory(prefix="sat-") as folder:
        told = Path(folder, "told.jsonl")
        told.touch()
        paths = SessionPaths("bench", folder).ensure()
        transport = RayTransport({"address": address}, str(paths.folder))
        await transport.connect()
        [node] = [node for node in await transport.nodes() if not node.is_own]
        hands = await transport.hands(node, carrying_hands(megabytes, told))
        # There is no such folder, so that the node does not share it.
        begun = await hands.start(HandsOrder("/nowhere/else/bench", "far", node.address, "none"))
        assert begun.failure is None and begun.carries, begun
        usage = Usage({"bridge": psutil.Process(), "hands": _hands()})
        carrying = asyncio.create_task(FileCarrier("far", hands, SessionStore(paths, "far")).run())
        for number, way in enumerate(WAYS):
            while len(rows := told.read_text("utf-8").splitlines()) <= number:
                assert not carrying.done()
                usage.look()
                await asyncio.sleep(1.0)  # to look is work as well
            row = json.loads(rows[number])
            costs = {"agent": row["work"], **usage.work()}
            memory = {"agent": row["memory"], **usage.memory}
            say(
                f"a checkpoint of {megabytes} MB {way} in {row['seconds']:.1f} s, "
                f"{megabytes / row['seconds']:.0f} MB/s; seconds of a core for each GB: "
                + ", ".join(f"{who} {cost * 1000 / megabytes:.1f}" for who, cost in costs.items())
                + "; most memory (MiB): "
                + ", ".join(f"{who} {most / MIB:.0f}" for who, most in memory.items())
            )
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
        await hands.end()
        await transport.close()


def _hands() -> psutil.Process:
    """The actor, by what Ray calls its process."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if " ".join(process.cmdline()).startswith("ray::CarryingHands"):
                found.append(process)
    [hands] = found
    return hands


class Usage:
    """Work and memory of some processes.

    Attributes
    ----------
    memory
        Most bytes that each has had to itself, when looked at.
    """

    def __init__(self, processes: dict[str, psutil.Process]) -> None:
        self._processes = processes
        self._before = self._times()
        self.memory = dict.fromkeys(processes, 0)

    def look(self) -> None:
        """See what memory they have."""
        for who, process in self._processes.items():
            self.memory[who] = max(self.memory[who], process.memory_full_info().uss)

    def work(self) -> dict[str, float]:
        """Seconds of a core that each has used since this was asked last."""
        before, self._before = self._before, self._times()
        return {who: after - before[who] for who, after in self._before.items()}

    def _times(self) -> dict[str, float]:
        return {who: sum(process.cpu_times()[:2]) for who, process in self._processes.items()}

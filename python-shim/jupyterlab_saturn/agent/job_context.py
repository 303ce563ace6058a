"""What all jobs of an agent work with: its session, its devices, its way to start ranks."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..files.node_folder import is_node_folder
from ..paths import SessionPaths
from .carried_files import CarriedFiles
from .device_leases import DeviceLeases
from .disk_blame import blaming_disk
from .event_receiver import EventReceiver
from .group_limits import Limits
from .payload_arrival import PayloadArrival
from .rank_group import RankGroup
from .rank_launcher import RankLauncher
from .rank_process import members
from .rank_surroundings import SurroundingsRegistry
from .runtime_folder import RENDEZVOUS_PREFIX
from .session_network import SessionNetwork

if TYPE_CHECKING:
    from ..generated.wire_types import AgentMessage, Device, Node, Strategy, TaskSpec
    from ..training.runtime.rank_order import RankOrder
    from .group_outcome import GroupOutcome

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """What every job works with."""

    paths: SessionPaths
    launcher: RankLauncher
    events: EventReceiver
    say: Callable[[AgentMessage], None]
    """Sends a message to the engine."""
    leases: DeviceLeases
    surroundings: SurroundingsRegistry
    limits: Limits = field(default_factory=Limits)
    may_begin: Callable[[], bool] = lambda: True
    """Whether the folder of sockets is there, in which ranks and agent meet, and nobody else may
    have been given what is to be begun."""
    network: SessionNetwork | None = None
    """Where gloo connects ranks; the machine's loopback interface when None."""
    _running: set[RankGroup] = field(default_factory=set)
    _undying: set[asyncio.Task[None]] = field(default_factory=set)

    def group(self, request: RankOrder, folder: Path, ranks: int, **options: Any) -> RankGroup:
        """A rank group of this context; the request is completed with what all requests hold.

        Raises like `SurroundingsRegistry.of`. All tasks of a request are of one world.
        """
        complete = request.copy()
        complete["job"] = secrets.token_hex(8)
        complete["session"] = str(self.paths.folder)
        complete["events"] = str(self.events.path)
        complete["requestedAt"] = time.time()
        kinds = {device["kind"] for device in request.get("devices", [])}
        # NCCL connects ranks when they first talk, from threads that are not inside; ranks of other
        # nodes are not inside either.
        alone = "part" not in request
        if self.network is not None and ranks > 1 and kinds == {"cpu"} and alone:
            complete["network"] = self.network.place
        task = request["tasks"][0] if request["kind"] == "inspect" else request["task"]
        return RankGroup(
            complete,
            folder,
            ranks,
            launcher=self.launcher,
            events=self.events,
            limits=self.limits,
            surroundings=self.surroundings.of(task.get("world")),
            **options,
        )

    async def run(
        self, group: RankGroup, devices: Sequence[Device], deadline: float | None = None
    ) -> GroupOutcome:
        """Run a group on devices that are held for it, as long as it has processes on them.

        Raises like `DeviceLeases.hold`.
        """
        with contextlib.ExitStack() as lease:
            lease.enter_context(self.leases.hold(devices))
            self._running.add(group)
            try:
                outcome = blaming_disk(await group.run(deadline), self.paths.folder)
                return self.files.explain(outcome)
            finally:
                self._running.discard(group)
                if group.undying:
                    sessions = [rank.pid for rank in group.undying]
                    self._release_when_gone(lease.pop_all(), sessions)

    def _release_when_gone(self, lease: contextlib.ExitStack, sessions: list[int]) -> None:
        async def wait() -> None:
            while members(sessions):
                await asyncio.sleep(_LOOK_SECONDS)

        waiting = asyncio.create_task(wait())
        self._undying.add(waiting)

        def release(over: asyncio.Task[None]) -> None:
            self._undying.discard(over)
            lease.close()

        waiting.add_done_callback(release)

    @cached_property
    def files(self) -> PayloadArrival | CarriedFiles:
        """Has the files of tasks be where they are needed."""
        if is_node_folder(self.paths):
            return CarriedFiles(self.paths, self.runtime)
        return PayloadArrival(self.paths)

    @property
    def runtime(self) -> Path:
        """The folder of sockets as it is now."""
        return self.events.path.parent

    def rendezvous(self) -> Path:
        """A fresh path where ranks may meet; the job removes what they make of it."""
        return self.runtime / f"{RENDEZVOUS_PREFIX}{secrets.token_hex(8)}"

    async def prepare(self, tasks: Sequence[TaskSpec]) -> None:
        """Wait until something may begin, and have here what some tasks are made of.

        Raises like `CarriedFiles.of` and `PayloadArrival.of`.
        """
        while not self.may_begin():  # without the folder of sockets ranks find nobody
            await asyncio.sleep(_LOOK_SECONDS)
        await self.files.of(tasks)

    async def warm(self, task: TaskSpec) -> None:
        """Have a zygote for a task that may come. What is wrong with it is told when it comes."""
        with contextlib.suppress(SaturnError, OSError):
            lean = task.copy()
            lean.pop("warmStart", None)  # weights are large, and another node may train it
            await self.prepare([lean])
            await self.launcher.zygote.warm(self.surroundings.of(task.get("world")))

    @property
    def running(self) -> list[RankGroup]:
        """The groups that run."""
        return list(self._running)

    def lose_sockets(self) -> None:
        """Tell the groups that run that what they had in the folder of sockets was removed."""
        for group in list(self._running):
            group.lose_sockets()


def choose_devices(node: Node, ids: Sequence[str], strategy: Strategy) -> list[Device]:
    """The node's devices of some ids, in their order.

    Raises
    ------
    SaturnError
        ``unknown-device``: the node has no such device, or the strategy needs another number of
        each of its nodes.
    """
    known = {device["id"]: device for device in node["devices"]}
    missing = [id for id in ids if id not in known]
    wanted = strategy["devices"] / strategy.get("nodes", 1)
    if missing or not len(ids) == len(set(ids)) == wanted:
        raise SaturnError(
            "unknown-device",
            f"The devices {', '.join(ids)} cannot serve {strategy['technique']} on "
            f"{wanted:g}: this node has {', '.join(known)}.",
            "Plan again: the devices of the session have changed.",
        )
    return [known[id] for id in ids]

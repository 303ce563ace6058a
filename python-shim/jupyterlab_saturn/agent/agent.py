"""The agent: does what the engine asks with this node's devices, and keeps the engine alive."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..files.session_store import forget_arrivals
from ..paths import SessionPaths, engine_endpoint, events_socket
from ..whole_files import remove_leftovers
from ..wire import message
from . import agent_lock
from .advisor_process import AdvisorProcess
from .agent_jobs import AgentJobs
from .agent_presence import AgentPresence
from .bridge_process import BridgeProcess
from .busy_devices import BusyDevices
from .device_leases import DeviceLeases
from .device_load import LoadSampler
from .engine_lease import EngineLease
from .engine_link import EngineLink
from .engine_lock import EngineLock
from .engine_orders import EngineOrders
from .engine_process import EngineProcess, engine_command
from .event_receiver import EventReceiver
from .exporters import Exporters
from .far_engine import FarEngine
from .group_limits import Limits
from .job_context import JobContext
from .rank_launcher import RankLauncher
from .rank_surroundings import SurroundingsRegistry
from .runtime_folder import RuntimeFolder
from .session_network import SessionNetwork
from .session_node import SessionNode
from .socket_watch import SocketWatch

if TYPE_CHECKING:
    from ..generated.wire_types import AgentHello, AgentMessage, DevicesFreed, Failure

_log = logging.getLogger(__name__)

_PING_SECONDS = 2.0
_TURN_SECONDS = 0.1


class Agent:
    """Owns a node's devices and processes for a session, whose `AgentLock` its maker holds.

    On the session's own node it runs the engine. On another it speaks to it through whoever listens
    at its endpoint, and while it hears no answer it stops what trains, and begins nothing.

    Parameters
    ----------
    paths
        Of the session, as the agent's node has them.
    command
        The engine to run; the package's own when absent. None runs on another node.
    launcher
        What starts ranks.
    limits
        Patience with rank groups, and with an engine on another node.
    address
        Of this machine, as other nodes reach it, where somebody knows it.
    """

    def __init__(
        self,
        paths: SessionPaths,
        *,
        command: Sequence[str] | None = None,
        launcher: RankLauncher | None = None,
        limits: Limits | None = None,
        address: str | None = None,
    ) -> None:
        self._paths = paths
        self._command = command
        self._launcher = launcher or RankLauncher(paths.zygote_log)
        self._limits = limits or Limits()
        self._lease = None if paths.node is None else EngineLease(self._limits.unheard)
        self._refusal: SaturnError | None = None
        self._node = SessionNode(paths, address)
        self._ended = asyncio.Event()
        self._runtime = RuntimeFolder(paths)
        self._presence = AgentPresence(
            paths,
            self._runtime,
            node=lambda: self._node.now,
            say=lambda told: self._link.say(told),
            unwritable=self._give_up,
        )
        self._advisor = AdvisorProcess(paths.advisor_log)
        self._engine: EngineProcess | FarEngine
        self._link: EngineLink
        self._place: JobContext
        self._bridge: BridgeProcess
        self._exporters: Exporters
        self._jobs: AgentJobs
        self._orders: EngineOrders
        self._busy: BusyDevices

    async def run(self) -> None:
        """Work until the engine says `shutdown`, a signal (TERM, INT) comes, or `end` is called.

        On return no process, socket or status of this agent is left.

        Raises
        ------
        SaturnError
            Why it could not start or go on. The status file then holds the same.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        try:
            self._paths.ensure()
            while not self._runtime.acquire():
                if self._ended.is_set():
                    return
                await asyncio.sleep(_TURN_SECONDS)
            self._runtime.sweep()
            remove_leftovers(self._paths.own)
            if self._paths.node is None:  # elsewhere others write, whose process ids mean nothing
                remove_leftovers(self._paths.payloads)
                forget_arrivals(self._paths)
            await self._work()
            if self._refusal is not None:
                raise self._refusal
            agent_lock.clear_status(self._paths)
        except BaseException as error:
            agent_lock.write_error(self._paths, error)
            raise
        finally:
            self._runtime.release()

    def end(self) -> None:
        """Make `run` return."""
        self._ended.set()

    async def _work(self) -> None:
        command = self._command
        if command is None and self._paths.node is None:
            command = await asyncio.to_thread(engine_command, self._paths)
        async with contextlib.AsyncExitStack() as stack:
            _, network = await asyncio.gather(
                self._node.discover(), asyncio.to_thread(SessionNetwork.make_or_none)
            )
            if network is not None:
                stack.callback(network.close)
            endpoint = engine_endpoint(self._runtime.path)
            events = EventReceiver(events_socket(self._runtime.path))
            stack.callback(events.close)
            self._link = EngineLink(
                endpoint,
                hello=self._hello,
                connected=self._presence.tell,
                heard=lambda told: self._orders.obey(told),
                refused=self._refuse,
                lease=self._lease,
            )
            stack.callback(self._link.terminate)
            leases = DeviceLeases(self._paths)
            leases.sweep()
            self._busy = BusyDevices(leases)
            self._place = JobContext(
                paths=self._paths,
                launcher=self._launcher,
                events=events,
                say=self._say,
                leases=leases,
                surroundings=SurroundingsRegistry(self._paths, events),
                limits=self._limits,
                may_begin=self._may_begin,
                network=network,
            )
            self._jobs = AgentJobs(self._place)
            self._bridge = BridgeProcess(
                self._paths.folder,
                self._node.now["id"],
                endpoint,
                self._paths.bridge_log,
                lambda report: self._say(message("agent", "bridge.report", report)),
            )
            stack.push_async_callback(self._bridge.end)
            stack.push_async_callback(self._advisor.end)
            self._exporters = Exporters(
                self._paths,
                endpoint,
                lambda report: self._say(message("agent", "tracker.report", report)),
            )
            self._orders = EngineOrders(
                node=self._node,
                jobs=self._jobs,
                leases=leases,
                bridge=self._bridge,
                exporters=self._exporters,
                advisor=self._advisor,
                answer=self._link.say,
                ended=self.end,
            )
            self._engine = self._engine_at(endpoint, command)
            stack.push_async_callback(self._exporters.end)
            stack.push_async_callback(self._launcher.close)
            self._launcher.zygote.prewarm()
            works = (self._engine.supervise(), self._ping(), self._keep_places())
            lasting = [_begin(stack, work) for work in works]
            if self._lease is not None:
                _begin(stack, self._lease.watch(self._leave_training))
            sampler = LoadSampler(lambda: self._node.now, lambda: self._place.running, self._say)
            _begin(stack, sampler.run())
            stack.push_async_callback(self._jobs.end)
            ended = _begin(stack, self._ended.wait())
            done, _ = await asyncio.wait((*lasting, ended), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    def _engine_at(self, endpoint: str, command: Sequence[str] | None) -> EngineProcess | FarEngine:
        if command is None:
            return FarEngine(started=self._link.open, died=self._link.close)
        return EngineProcess(
            command,
            endpoint,
            self._paths.engine_log,
            EngineLock(self._paths.engine_lock),
            started=self._link.open,
            died=self._link.close,
        )

    async def _keep_places(self) -> None:
        watch = SocketWatch(
            self._runtime,
            self._place.events,
            self._link,
            self._engine,
            removed=self._place.lose_sockets,
        )

        def restore() -> None:
            self._place.leases.restore()
            watch.look()
            self._bridge.lead_to(engine_endpoint(self._runtime.path))
            self._exporters.lead_to(engine_endpoint(self._runtime.path))

        await self._presence.keep(restore, lambda: self._link.is_up)

    def _may_begin(self) -> bool:
        return self._runtime.kept() and (self._lease is None or self._lease.is_held)

    def _leave_training(self) -> None:
        """The engine is silent, and may give what trains here to another node soon."""
        _log.warning("The engine is silent: what trains saves and leaves.")
        self._jobs.leave(self._limits.unheard_grace)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(_PING_SECONDS)
            self._link.say(message("agent", "agent.ping", {"time": time.time()}), keep=False)
            if freed := self._busy.freed(self._node.now["devices"]):
                body: DevicesFreed = {"node": self._node.now["id"], "devices": freed}
                self._link.say(message("agent", "devices.freed", body))

    def _hello(self) -> AgentHello:
        hello = self._node.hello(self._jobs.report(self._link.unacknowledged()))
        if self._bridge.request is not None:
            hello["bridge"] = self._bridge.request
        if self._exporters.told:
            hello["trackers"] = self._exporters.told
        return hello

    def _refuse(self, failure: Failure) -> None:
        if self._paths.node is not None:  # it never will: the nodes are too unlike
            self._give_up(SaturnError.from_json(failure))

    def _give_up(self, error: SaturnError) -> None:
        self._refusal = error
        self._ended.set()

    def _say(self, told: AgentMessage) -> None:
        self._busy.note(told, self._node.now["devices"])
        is_step = told["type"] == "group.event" and told["body"]["kind"] == "step"
        passes = is_step or told["type"] in ("devices.load", "tracker.report")
        self._link.say(told, keep=not passes)


def _begin(stack: contextlib.AsyncExitStack, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Do something beside the rest, until the stack is left."""
    task = asyncio.create_task(work)
    stack.push_async_callback(_finish, task)
    return task


async def _finish(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, SaturnError):
        await task

"""The agent: does what the engine asks with this node's devices, and keeps the engine alive."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError, failure_of
from ..paths import SessionPaths, engine_endpoint, events_socket, remove_leftovers, write_json
from ..wire import message
from . import agent_lock
from .agent_jobs import AgentJobs
from .busy_devices import BusyDevices
from .device_discovery import discover
from .device_leases import DeviceLeases
from .device_load import LoadSampler
from .engine_link import EngineLink
from .engine_process import EngineProcess, engine_command
from .event_receiver import EventReceiver
from .group_limits import Limits
from .job_context import JobContext
from .rank_launcher import RankLauncher
from .rank_surroundings import SurroundingsRegistry
from .runtime_folder import RuntimeFolder
from .session_network import SessionNetwork
from .socket_watch import SocketWatch

if TYPE_CHECKING:
    from ..generated.wire_types import (
        AgentHello,
        AgentMessage,
        ClusterReport,
        DeviceRequest,
        DevicesFreed,
        EngineMessage,
        Failure,
        Node,
        NodeTrouble,
    )

_log = logging.getLogger(__name__)

_PING_SECONDS = 2.0
_LOOK_SECONDS = 1.0
_TURN_SECONDS = 0.1


class Agent:
    """Owns a node's devices and processes for a session, whose `AgentLock` its maker holds.

    Parameters
    ----------
    command
        The engine to run; the package's own when absent.
    launcher
        What starts ranks.
    limits
        Patience with rank groups.
    """

    def __init__(
        self,
        paths: SessionPaths,
        *,
        command: Sequence[str] | None = None,
        launcher: RankLauncher | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._paths = paths
        self._command = command
        self._launcher = launcher or RankLauncher(paths.zygote_log)
        self._limits = limits or Limits()
        self._node: Node
        self._discovering = asyncio.Lock()
        self._ended = asyncio.Event()
        self._runtime = RuntimeFolder(paths)
        self._told_of: Path | None = None
        self._unwritable: SaturnError | None = None
        self._engine: EngineProcess
        self._link: EngineLink
        self._place: JobContext
        self._jobs: AgentJobs
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
            remove_leftovers(self._paths.folder)
            remove_leftovers(self._paths.payloads)
            await self._work()
            if self._unwritable is not None:
                raise self._unwritable
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
        if command is None:
            command = await asyncio.to_thread(engine_command, self._paths)
        async with contextlib.AsyncExitStack() as stack:
            self._node, network = await asyncio.gather(
                asyncio.to_thread(self._discover_again), asyncio.to_thread(_network)
            )
            if network is not None:
                stack.callback(network.close)
            endpoint = engine_endpoint(self._runtime.path)
            events = EventReceiver(events_socket(self._runtime.path))
            stack.callback(events.close)
            self._link = EngineLink(
                endpoint,
                hello=self._hello,
                connected=self._tell_ready,
                heard=self._handle,
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
                kept=self._runtime.kept,
                network=network,
            )
            self._jobs = AgentJobs(self._place)
            self._engine = EngineProcess(
                command,
                endpoint,
                self._paths.engine_log,
                started=self._link.open,
                died=self._link.close,
            )
            stack.push_async_callback(self._launcher.close)
            self._launcher.zygote.prewarm()
            supervision = asyncio.create_task(self._engine.supervise())
            stack.push_async_callback(_finish, supervision)
            pinging = asyncio.create_task(self._ping())
            stack.push_async_callback(_finish, pinging)
            keeping = asyncio.create_task(self._keep_places())
            stack.push_async_callback(_finish, keeping)
            sampler = LoadSampler(lambda: self._node, lambda: self._place.running, self._say)
            looking = asyncio.create_task(sampler.run())
            stack.push_async_callback(_finish, looking)
            stack.push_async_callback(self._jobs.end)
            ended = asyncio.create_task(self._ended.wait())
            stack.push_async_callback(_finish, ended)
            done, _ = await asyncio.wait(
                (supervision, pinging, keeping, ended), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()

    def _tell_ready(self) -> None:
        if self._told_of == self._runtime.path:
            return
        try:
            agent_lock.write_ready(self._paths, self._runtime.path)
        except SaturnError as error:
            _log.warning("%s", error)
            if self._told_of is None:  # nobody would ever find this agent
                self._unwritable = error
                self._ended.set()
        else:
            self._told_of = self._runtime.path

    async def _keep_places(self) -> None:
        """Look after what lies where others may remove it: sockets, and locks on devices."""
        watch = SocketWatch(
            self._runtime,
            self._place.events,
            self._link,
            self._engine,
            removed=self._place.lose_sockets,
        )
        is_told = False
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            why = "The agent of another session has it."
            try:
                self._place.leases.restore()
                watch.look()
            except (SaturnError, OSError) as error:
                _log.warning("What was removed of the session cannot be made anew: %s", error)
                why = str(error)
            is_lost = not self._runtime.kept()
            if is_lost and not is_told:
                self._tell_unreachable(why)
            is_told = is_lost
            if self._link.is_up:
                self._tell_ready()

    def _tell_unreachable(self, why: str) -> None:
        trouble: NodeTrouble = {
            "node": self._node,
            "error": {
                "code": "no-runtime-folder",
                "message": f"The folder of sockets {self._runtime.path} was removed and cannot be "
                f"made anew, so that nothing more is begun: {why}",
                "hint": "Make room for it. What trains goes on, and what waits begins as soon as "
                "the folder is there, by itself.",
            },
        }
        self._link.say(message("agent", "node.trouble", trouble))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(_PING_SECONDS)
            self._link.say(message("agent", "agent.ping"), keep=False)
            freed = self._busy.freed(self._node["devices"])
            if freed:
                body: DevicesFreed = {"node": self._node["id"], "devices": freed}
                self._link.say(message("agent", "devices.freed", body))

    def _discover_again(self) -> Node:
        """The devices the session had, or what there is."""
        try:
            return discover(json.loads(self._paths.devices.read_text("utf-8")))
        except FileNotFoundError:
            pass
        except (SaturnError, ValueError) as error:
            _log.warning("The session's devices are not to be had. %s", error)
        return discover({"kind": "auto"})

    def _hello(self) -> AgentHello:
        return {"node": self._node, **self._jobs.report(self._link.unacknowledged())}

    def _say(self, told: AgentMessage) -> None:
        self._busy.note(told, self._node["devices"])
        is_step = told["type"] == "group.event" and told["body"]["kind"] == "step"
        self._link.say(told, keep=not is_step and told["type"] != "devices.load")

    def _handle(self, told: EngineMessage) -> None:
        match told["type"]:
            case "cluster.set":
                self._jobs.begin(self._set_cluster(told["id"], told["body"]["request"]))
            case "inspect":
                self._jobs.inspect(told["body"], self._node)
            case "inspect.stop":
                self._jobs.stop_inspecting(told["body"]["tasks"])
            case "trial.start":
                self._jobs.start_trial(told["body"], self._node)
            case "trial.stop":
                self._jobs.stop_trial(told["body"]["trial"])
            case "group.start":
                self._jobs.start_attempt(told["body"], self._node)
            case "group.stop":
                self._jobs.stop_attempt(told["body"])
            case "group.until":
                self._jobs.train_until(told["body"])
            case "shutdown":
                self._ended.set()
            case other:
                _log.warning("The engine says %s, which is not for agents.", other)

    async def _set_cluster(self, asked: str, request: DeviceRequest) -> None:
        async with self._discovering:
            failure: Failure | None = None
            try:
                self._node = await asyncio.to_thread(discover, request, self._place.leases.held)
                write_json(self._paths.devices, request)
            except Exception as error:
                failure = failure_of(error)
            report: ClusterReport = {"node": self._node}
            if failure is not None:
                report["error"] = failure
            self._link.say(message("agent", "cluster.report", report, asked))


def _network() -> SessionNetwork | None:
    """Where ranks meet, if it can be a network of their own."""
    try:
        return SessionNetwork.make()
    except SaturnError as error:
        _log.warning("Ranks meet on the loopback interface of the machine. %s", error)
        return None


async def _finish(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, SaturnError):
        await task

"""The agent: does what the engine asks with this node's devices, and keeps the engine alive."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import signal
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ..errors import Json, SaturnError, failure_of
from ..paths import SCRATCH_PREFIX, SessionPaths, write_json
from . import agent_lock
from .device_discovery import discover
from .device_leases import DeviceLeases
from .engine_link import EngineLink
from .engine_process import EngineProcess, engine_command
from .event_receiver import EventReceiver
from .inspection_job import InspectionJob
from .job_context import INSPECT_PREFIX, RENDEZVOUS_PREFIX, JobContext
from .rank_group import Limits
from .rank_launcher import RankLauncher
from .training_job import TrainingJob
from .trial_job import TrialJob

_log = logging.getLogger(__name__)

_PING_SECONDS = 2.0
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
        EarlyStopping with rank groups.
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
        self._node: Json = {}
        self._inspections: list[InspectionJob] = []
        self._trials: dict[str, TrialJob] = {}
        self._attempts: dict[tuple[str, int], TrainingJob] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._inspecting = asyncio.Lock()
        self._discovering = asyncio.Lock()
        self._ended = asyncio.Event()
        self._link: EngineLink
        self._place: JobContext

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
        sockets = agent_lock.SocketFolder(self._paths)
        try:
            self._paths.ensure()
            while not sockets.acquire():
                if self._ended.is_set():
                    return
                await asyncio.sleep(_TURN_SECONDS)
            self._sweep()
            await self._work()
            agent_lock.clear_status(self._paths)
        except BaseException as error:
            with contextlib.suppress(OSError):
                agent_lock.write_error(self._paths, error)
            raise
        finally:
            sockets.release()

    def end(self) -> None:
        """Make `run` return."""
        self._ended.set()

    async def _work(self) -> None:
        command = self._command
        if command is None:
            command = await asyncio.to_thread(engine_command, self._paths)
        self._node = await asyncio.to_thread(self._discover_again)
        async with contextlib.AsyncExitStack() as stack:
            events = EventReceiver(self._paths.events_socket)
            stack.callback(events.close)
            self._link = EngineLink(
                self._paths.engine_endpoint,
                hello=self._hello,
                connected=lambda: agent_lock.write_ready(self._paths),
                heard=self._handle,
            )
            stack.callback(self._link.terminate)
            self._place = JobContext(
                paths=self._paths,
                launcher=self._launcher,
                events=events,
                say=self._say,
                leases=DeviceLeases(self._paths),
                limits=self._limits,
            )
            engine = EngineProcess(
                command,
                self._paths.engine_log,
                started=self._link.open,
                died=self._link.close,
            )
            stack.push_async_callback(self._launcher.close)
            self._launcher.zygote.prewarm()
            supervision = asyncio.create_task(engine.supervise())
            stack.push_async_callback(_finish, supervision)
            pinging = asyncio.create_task(self._ping())
            stack.push_async_callback(_finish, pinging)
            stack.push_async_callback(self._end_jobs)
            ended = asyncio.create_task(self._ended.wait())
            stack.push_async_callback(_finish, ended)
            done, _ = await asyncio.wait(
                (supervision, pinging, ended), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()

    def _sweep(self) -> None:
        """Free the folder of the sockets of what an agent that was killed left there."""
        runtime = self._paths.runtime
        for prefix in (INSPECT_PREFIX, RENDEZVOUS_PREFIX, SCRATCH_PREFIX):
            for left in runtime.glob(f"{prefix}*"):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(_PING_SECONDS)
            self._link.say("agent.ping", {}, keep=False)

    def _discover_again(self) -> Json:
        """The devices the session had, or what there is."""
        try:
            return discover(json.loads(self._paths.devices.read_text("utf-8")))
        except FileNotFoundError:
            pass
        except (SaturnError, ValueError) as error:
            _log.warning("The session's devices are not to be had. %s", error)
        return discover({"kind": "auto"})

    def _hello(self) -> Json:
        # What is over, but not yet written down by an engine, is not lost: its end follows.
        told: dict[str, list[Json]] = defaultdict(list)
        for envelope in self._link.unacknowledged():
            told[envelope["type"]].append(envelope["body"])
        groups = self._attempts.keys() | {(b["task"], b["attempt"]) for b in told["group.event"]}
        trials = self._trials.keys() | {b["trial"] for b in told["trial.result"]}
        inspecting = {task for one in self._inspections for task in one.tasks}
        return {
            "node": self._node,
            "groups": [{"task": task, "attempt": attempt} for task, attempt in sorted(groups)],
            "trials": sorted(trials),
            "inspecting": sorted(inspecting | {b["task"] for b in told["inspect.result"]}),
        }

    def _say(self, type: str, body: Json) -> None:
        self._link.say(type, body, keep=body.get("kind") != "step")

    def _handle(self, envelope: Json) -> None:
        body = envelope["body"]
        match envelope["type"]:
            case "cluster.set":
                self._begin(self._set_cluster(envelope["id"], body["request"]))
            case "inspect":
                self._inspect(body)
            case "inspect.stop":
                for inspection in self._inspections:
                    inspection.stop(body["tasks"])
            case "trial.start":
                self._start_trial(body)
            case "trial.stop":
                trial = self._trials.get(body["trial"])
                if trial is not None:
                    trial.stop()
            case "group.start":
                self._start_attempt(body)
            case "group.stop":
                attempt = self._attempts.get((body["task"], body["attempt"]))
                if attempt is not None:
                    attempt.stop(body["graceSeconds"])
            case "shutdown":
                self._ended.set()
            case other:
                _log.warning("The engine says %s, which is not for agents.", other)

    async def _set_cluster(self, asked: str, request: Json) -> None:
        async with self._discovering:
            report: Json = {}
            try:
                self._node = await asyncio.to_thread(discover, request)
                write_json(self._paths.devices, request)
            except Exception as error:
                report["error"] = failure_of(error)
            self._link.say("cluster.report", {"node": self._node, **report}, re=asked)

    def _inspect(self, body: Json) -> None:
        inspection = InspectionJob(self._place, body, self._node)
        self._inspections.append(inspection)
        self._begin(self._in_turn(inspection), lambda: self._inspections.remove(inspection))

    async def _in_turn(self, inspection: InspectionJob) -> None:
        # One at a time: each builds whole models in memory that is not its own.
        async with self._inspecting:
            await inspection.run()

    def _start_trial(self, body: Json) -> None:
        if body["trial"] in self._trials:
            _log.warning("TrialJob %s is already running.", body["trial"])
            return
        trial = TrialJob(self._place, body, self._node)
        self._trials[trial.id] = trial
        self._begin(trial.run(), lambda: self._trials.pop(trial.id))

    def _start_attempt(self, body: Json) -> None:
        key = body["task"]["name"], body["attempt"]
        if key in self._attempts:
            _log.warning("Attempt %d of %s is already running.", key[1], key[0])
            return
        self._attempts[key] = TrainingJob(self._place, body, self._node)
        self._begin(self._attempts[key].run(), lambda: self._attempts.pop(key))

    def _begin(
        self, work: Coroutine[Any, Any, None], forget: Callable[[], object] | None = None
    ) -> None:
        task = asyncio.create_task(work)
        self._jobs.add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._jobs.discard(task)
            if forget is not None:
                forget()
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("A job broke.", exc_info=error)

        task.add_done_callback(over)

    async def _end_jobs(self) -> None:
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


async def _finish(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, SaturnError):
        await task

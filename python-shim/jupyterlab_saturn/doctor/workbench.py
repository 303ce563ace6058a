"""The agent's own machinery, on a session of the doctor's own and without an engine."""

from __future__ import annotations

import contextlib
import itertools
import logging
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from ..agent.device_leases import DeviceLeases
from ..agent.event_receiver import EventReceiver
from ..agent.group_limits import Limits
from ..agent.inspection_job import InspectionJob
from ..agent.job_context import JobContext
from ..agent.rank_launcher import RankLauncher
from ..agent.rank_surroundings import SurroundingsRegistry
from ..agent.session_network import SessionNetwork
from ..agent.training_job import TrainingJob
from ..agent.trial_job import TrialJob
from ..agent.zygote_client import COMMAND as ZYGOTE_COMMAND
from ..errors import SaturnError
from ..paths import SessionPaths, events_socket
from ..training.conformance.bounds import Kind
from ..training.conformance.task_spec import task_spec

if TYPE_CHECKING:
    from ..generated.wire_types import (
        AgentMessage,
        Device,
        GroupEvent,
        Inspection,
        Node,
        ProfileCell,
        Result,
        Strategy,
        TaskSpec,
    )

_TRIAL_SECONDS = 60.0
_OVER = frozenset({"finished", "failed", "oom", "lost", "stopped"})


class Workbench:
    """Has tasks inspected, tried and trained as an agent does. An asynchronous context manager.

    On leaving it no process, lease or socket of its own is left; the session's folder is for its
    maker to remove.

    Parameters
    ----------
    node
        Wire ``Node``: on whose devices.
    limits
        Patience with rank groups.
    forks
        Whether ranks are forked where PyTorch is loaded; each loads it anew otherwise.
    """

    def __init__(
        self,
        paths: SessionPaths,
        node: Node,
        *,
        limits: Limits | None = None,
        forks: bool = True,
    ) -> None:
        self.paths = paths
        self.node = node
        self.reference: dict[str, float] = {}
        """Numbers of a training on one device, that others are compared with."""
        self._limits = limits or Limits()
        self._zygote = ZYGOTE_COMMAND if forks else (sys.executable, "-c", "")
        self._told: list[AgentMessage] = []
        self._heard: Callable[[GroupEvent], None] = _ignore
        self._numbers = itertools.count(1)
        self._stack = contextlib.AsyncExitStack()
        self._warnings = _Warnings()

    async def __aenter__(self) -> Self:
        self.paths.ensure()
        self.paths.ensure_runtime()
        events = EventReceiver(events_socket(self.paths.runtime))
        self._stack.callback(events.close)
        self.launcher = RankLauncher(self.paths.zygote_log, zygote_command=self._zygote)
        self._stack.push_async_callback(self.launcher.close)
        logger = logging.getLogger(RankLauncher.__module__.rpartition(".")[0])
        logger.addHandler(self._warnings)
        self._stack.callback(logger.removeHandler, self._warnings)
        network: SessionNetwork | None = None
        with contextlib.suppress(SaturnError):  # told by a check of its own
            network = SessionNetwork.make()
            self._stack.callback(network.close)
        self._place = JobContext(
            paths=self.paths,
            launcher=self.launcher,
            events=events,
            say=self._hear,
            leases=DeviceLeases(self.paths),
            surroundings=SurroundingsRegistry(self.paths, events),
            limits=self._limits,
            network=network,
        )
        self.launcher.zygote.prewarm()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._stack.aclose()

    @property
    def devices(self) -> list[Device]:
        """Wire ``Device`` objects to work on."""
        return self.node["devices"]

    @property
    def most(self) -> int:
        """On how many of them one job may run: a part of a divided GPU goes with no other."""
        parts = any(device.get("partition", False) for device in self.devices)
        return 1 if parts else len(self.devices)

    @property
    def kind(self) -> Kind:
        """What kind of devices they are."""
        return self.devices[0]["kind"]

    @property
    def warnings(self) -> list[str]:
        """What the machinery has complained of so far."""
        return self._warnings.messages

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """Keep the devices for what is no job. Raises SaturnError ``device-busy``."""
        return self._place.leases.hold(self.devices[: self.most])

    def spec(self, factory: Callable[..., Any], **params: Any) -> TaskSpec:
        """A wire ``TaskSpec`` of a function, under a name of its own."""
        return task_spec(self.paths, factory, f"task-{next(self._numbers)}", **params)

    async def inspect(self, spec: TaskSpec) -> Inspection:
        """Build a task without training it. Raises SaturnError with why it cannot be."""
        self._told.clear()
        body: Any = {"tasks": [spec], "maxDevices": len(self.devices)}
        await InspectionJob(self._place, body, self.node).run()
        told: Any = self._told[-1]["body"]
        if "inspection" not in told:
            raise SaturnError.from_json(told["error"])
        inspection: Inspection = told["inspection"]
        return inspection

    async def trial(self, spec: TaskSpec, strategy: Strategy) -> ProfileCell:
        """Measure a few steps. Returns the cell, whatever came of it."""
        self._told.clear()
        body: Any = {
            "trial": f"trial-{next(self._numbers)}",
            "task": spec,
            "signature": "",  # any
            "strategy": strategy,
            "devices": self._ids(strategy["devices"]),
            "deadlineSeconds": _TRIAL_SECONDS,
        }
        await TrialJob(self._place, body, self.node).run()
        told: Any = self._told[-1]["body"]
        cell: ProfileCell = told["cell"]
        return cell

    async def train(
        self,
        spec: TaskSpec,
        strategy: Strategy,
        *,
        steps: int,
        checkpoint_seconds: float = 1e6,
        heard: Callable[[TrainingJob, GroupEvent], None] | None = None,
    ) -> GroupEvent:
        """Train a task on from its newest checkpoint. Returns how it ended.

        Parameters
        ----------
        heard
            Told of each event on the way, with the job, which it may stop.
        """
        self._told.clear()
        body: Any = {
            "task": spec,
            "attempt": next(self._numbers),
            "steps": steps,
            "strategy": strategy,
            "devices": self._ids(strategy["devices"]),
            "checkpointSeconds": checkpoint_seconds,
        }
        job = TrainingJob(self._place, body, self.node)
        if heard is not None:
            self._heard = lambda event: heard(job, event)
        try:
            await job.run()
        finally:
            self._heard = _ignore
        over: Any = self._told[-1]["body"]
        event: GroupEvent = over
        return event

    async def result(self, spec: TaskSpec, strategy: Strategy, *, steps: int) -> Result:
        """Train a task to its end. Raises SaturnError with why it did not get there."""
        event = await self.train(spec, strategy, steps=steps)
        if event["kind"] != "finished":
            raise error_of(event)
        return event["result"]

    def _ids(self, count: int) -> Sequence[str]:
        return [device["id"] for device in self.devices[:count]]

    def _hear(self, told: AgentMessage) -> None:
        self._told.append(told)
        if told["type"] == "group.event" and told["body"]["kind"] not in _OVER:
            self._heard(told["body"])


def other_paths(bench: Workbench, name: str) -> SessionPaths:
    """Paths of another session in the folder of a bench's, removed with it."""
    return SessionPaths(name, bench.paths.folder.parent)


def error_of(event: GroupEvent) -> SaturnError:
    """Why a group ended as it did."""
    if "error" in event:
        return SaturnError.from_json(event["error"])
    return SaturnError("unexpected-end", f"The training ended with the word {event['kind']!r}.")


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _ignore(event: GroupEvent) -> None:
    """Nobody asked for the events on the way."""

"""What the engine asks of an agent, each order given to whom it is for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ..wire import message
from .advisor_process import AdvisorProcess
from .agent_jobs import AgentJobs
from .bridge_process import BridgeProcess
from .device_leases import DeviceLeases
from .exporters import Exporters
from .session_node import SessionNode

if TYPE_CHECKING:
    from ..generated.wire_types import Advise, AgentMessage, DeviceRequest, EngineMessage

_log = logging.getLogger(__name__)


class Answer(Protocol):
    """Tells the engine, as `EngineLink.say` does."""

    def __call__(self, envelope: AgentMessage, *, keep: bool = True) -> None: ...


class EngineOrders:
    """Hands each order on; of those that take time nobody waits for the end.

    Parameters
    ----------
    node
        What the agent has.
    answer
        Tells the engine what came of an order.
    ended
        Told that the session is over.
    """

    def __init__(
        self,
        *,
        node: SessionNode,
        jobs: AgentJobs,
        leases: DeviceLeases,
        bridge: BridgeProcess,
        exporters: Exporters,
        advisor: AdvisorProcess,
        answer: Answer,
        ended: Callable[[], None],
    ) -> None:
        self._node = node
        self._jobs = jobs
        self._leases = leases
        self._bridge = bridge
        self._exporters = exporters
        self._advisor = advisor
        self._answer = answer
        self._ended = ended

    def obey(self, told: EngineMessage) -> None:
        """Do what a message asks."""
        match told["type"]:
            case "cluster.set":
                self._jobs.begin(self._set_cluster(told["id"], told["body"]["request"]))
            case "bridge.start":
                self._jobs.begin(self._bridge.start(told["body"]))
            case "bridge.stop":
                self._jobs.begin(self._bridge.stop())
            case "bridge.reserve":
                self._jobs.begin(self._bridge.reserve(told["body"]["wanted"]))
            case "trackers.set":
                self._jobs.begin(self._exporters.set(told["body"]))
            case "trackers.secrets":
                self._exporters.keep_secrets(told["body"])
            case "inspect":
                self._jobs.inspect(told["body"], self._node.now)
            case "inspect.stop":
                self._jobs.stop_inspecting(told["body"]["tasks"])
            case "warm":
                self._jobs.warm(told["body"]["task"])
            case "trial.start":
                self._jobs.start_trial(told["body"], self._node.now)
            case "trial.stop":
                self._jobs.stop_trial(told["body"]["trial"])
            case "group.start":
                self._jobs.start_attempt(told["body"], self._node.now)
            case "group.stop":
                self._jobs.stop_attempt(told["body"])
            case "group.until":
                self._jobs.train_until(told["body"])
            case "advise":
                self._jobs.begin(self._advise(told["body"]))
            case "shutdown":
                self._ended()
            case other:
                _log.warning("The engine says %s, which is not for agents.", other)

    async def _set_cluster(self, asked: str, request: DeviceRequest) -> None:
        report = await self._node.choose(request, self._leases.held)
        self._answer(message("agent", "cluster.report", report, asked))

    async def _advise(self, question: Advise) -> None:
        # Without an engine to hear it, the answer is worthless: the next one asks again.
        self._answer(message("agent", "advice", await self._advisor.ask(question)), keep=False)

"""One attempt to train a task."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError, failure_of
from ..wire import message, validate
from .group_outcome import GroupOutcome
from .job_context import JobContext, choose_devices
from .rank_group import PROGRESS, RankGroup

if TYPE_CHECKING:
    from ..generated.wire_types import GroupStart, Node
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_request import TrainOrder

_log = logging.getLogger(__name__)

_EVENT_FIELDS = ("step", "loss", "stepSeconds", "metrics", "cell", "result", "error")


class TrainingJob:
    """One attempt to train a task; its events go to the engine, the last one when all is over."""

    def __init__(self, place: JobContext, body: GroupStart, node: Node) -> None:
        self.task: str = body["task"]["name"]
        self.number: int = body["attempt"]
        self._place = place
        self._body = body.copy()
        self._node = node
        self._group: RankGroup | None = None
        self._grace: float | None = None

    async def run(self) -> None:
        """Train and report."""
        try:
            outcome = await self._train()
        except Exception as error:
            outcome = GroupOutcome("failed", error=failure_of(error))
        word = outcome.word
        result = word.get("result") if word is not None and word["kind"] == "finished" else None
        facts = {"step": outcome.step, "error": outcome.error, "result": result}
        self._tell(outcome.kind, facts)

    def stop(self, grace: float) -> None:
        """Ask the group to checkpoint and leave; kill what is left of it after `grace` seconds."""
        self._grace = grace
        if self._group is not None:
            self._group.stop(grace)

    def train_until(self, step: int) -> None:
        """Have the group leave after another step."""
        self._body["until"] = step
        if self._group is not None:
            try:
                self._group.amend(until=step)
            except SaturnError as error:
                _log.warning("%s goes on: %s", self.task, error)

    async def _train(self) -> GroupOutcome:
        body = self._body
        devices = choose_devices(self._node, body["devices"], body["strategy"])
        rendezvous = self._place.rendezvous()
        request: TrainOrder = {
            "kind": "train",
            "task": body["task"],
            "attempt": self.number,
            "steps": body["steps"],
            "strategy": body["strategy"],
            "devices": devices,
            "rendezvous": str(rendezvous),
            "checkpointSeconds": body["checkpointSeconds"],
            "techniques": body.get("techniques", []),
        }
        if "until" in body:
            request["until"] = body["until"]
        if "evaluates" in body:
            request["evaluates"] = body["evaluates"]
        if "signature" in body:
            request["signature"] = body["signature"]
        if "stepSeconds" in body:
            request["stepSeconds"] = body["stepSeconds"]
        if "patienceSeconds" in body:
            request["patienceSeconds"] = body["patienceSeconds"]
        folder = self._place.paths.attempt(self.task, self.number)
        self._group = self._place.group(request, folder, len(devices), heard=self._hear)
        if self._grace is not None:
            self._group.stop(self._grace)
        try:
            return await self._place.run(self._group, devices)
        finally:
            rendezvous.unlink(missing_ok=True)

    def _hear(self, event: RankEvent) -> None:
        if event["kind"] in PROGRESS:
            self._tell(event["kind"], event)

    def _tell(self, kind: str, facts: Mapping[str, object]) -> None:
        body: Any = {
            "task": self.task,
            "attempt": self.number,
            "kind": kind,
            "time": facts.get("time", time.time()),
        }
        body |= {name: facts[name] for name in _EVENT_FIELDS if facts.get(name) is not None}
        try:
            validate("GroupEvent", body)
        except SaturnError as error:
            if kind in PROGRESS:
                raise
            body = {name: body[name] for name in ("task", "attempt", "time")}
            body |= {"kind": "failed", "error": error.to_json()}
        self._place.say(message("agent", "group.event", body))

"""One attempt to train a task."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError, failure_of
from .attempt_voice import AttemptVoice
from .fused_job import FusedMember
from .group_outcome import GroupOutcome
from .host_memory import has_room
from .job_context import JobContext, choose_devices
from .node_address import node_address
from .rank_group import RankGroup
from .silence import PROGRESS
from .stop_word import StopWord
from .train_order import train_order

if TYPE_CHECKING:
    from ..generated.wire_types import Device, Failure, GroupOrder, GroupStart, Node
    from ..training.runtime.event_sender import RankEvent

_log = logging.getLogger(__name__)


class TrainingJob:
    """One attempt to train a task; its events go to the engine, the last one when all is over.

    Of an attempt over several nodes it is the part of this one.

    Parameters
    ----------
    previous
        An attempt that still runs, which this one waits for; none when None.

    Attributes
    ----------
    over
        Set once no process is left of it.
    has_finished
        Whether it then trained the task to its end.
    """

    def __init__(
        self,
        place: JobContext,
        body: GroupStart,
        node: Node,
        previous: TrainingJob | FusedMember | None = None,
    ) -> None:
        self.task: str = body["task"]["name"]
        self.number: int = body["attempt"]
        self._place = place
        self._body = body.copy()
        self._node = node
        self._previous = previous
        part_of = node["id"] if "part" in body else None
        self._voice = AttemptVoice(place.say, self.task, self.number, part_of)
        self._stop_word = StopWord()
        self.over = asyncio.Event()
        self.has_finished = False
        self._group: RankGroup | None = None
        self._grace: float | None = None
        self._ready: set[int] = set()
        self._refusal: Failure | None = None
        self._files = place.files.attempt(body["task"], self.number, self._give_up)

    async def run(self) -> None:
        """Train and report."""
        try:
            outcome = await self._train()
        except Exception as error:
            outcome = GroupOutcome("failed", error=failure_of(error))
        if self._refusal is not None:
            outcome = GroupOutcome("failed", error=self._refusal)
        outcome = await self._files.end(outcome)
        self.has_finished = outcome.kind == "finished"
        self.over.set()
        self._voice.tell_end(outcome)

    @property
    def order(self) -> GroupOrder:
        """How it was started."""
        body = self._body
        return {
            "hash": body["task"]["hash"],
            "strategy": body["strategy"],
            "devices": body["devices"],
        }

    @property
    def pids(self) -> list[int]:
        """Process ids of its ranks."""
        return [] if self._group is None else self._group.pids

    def stop(self, grace: float) -> None:
        """Ask the group to checkpoint and leave; kill what is left of it after `grace` seconds.

        Who has none has nothing to save, as has one that waits for another.
        """
        waits = self._previous is not None and not self._previous.over.is_set()
        self._grace = grace = 0.0 if waits else grace
        self._stop_word.tell()
        if grace == 0.0:
            self._files.forget()
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
        devices = choose_devices(self._node, self._body["devices"], self._body["strategy"])
        previous = self._previous
        if previous is None:
            return await self._train_on(devices)
        with self._place.leases.hold(devices):
            if not has_room(previous.pids, len(devices)):
                self._voice.tell("ready", {})
                await self._stop_word.spares(previous.over.wait())
            if self._stop_word.is_told or previous.has_finished:
                return GroupOutcome("stopped")
            return await self._train_on(devices)

    async def _train_on(self, devices: list[Device]) -> GroupOutcome:
        body, previous = self._body, self._previous
        if not await self._stop_word.spares(self._place.prepare([body["task"]])):
            return GroupOutcome("stopped")
        rendezvous = self._place.rendezvous()
        request = train_order(body, self._node, devices, rendezvous)
        waits_for = None if previous is None or previous.over.is_set() else previous
        if waits_for is not None:
            request["held"] = True
        elif not await self._stop_word.spares(self._files.begin()):
            return GroupOutcome("stopped")
        folder = self._place.paths.attempt(self.task, self.number)
        first = 0
        if "part" in body:
            self._place.files.require_shared()
            part = body["part"]
            request["part"] = part
            peer = part["meeting"]["host"] if "meeting" in part else part.get("peer")
            request["address"] = node_address(part.get("address"), peer)
            first = part["first"]
        if first > 0:
            folder = folder / f"from-rank-{first}"  # the attempt's own is that of rank 0's node
        self._group = self._place.group(
            request, folder, len(devices), heard=self._hear, may_be_silent=first > 0
        )
        if self._grace is not None:
            self._group.stop(self._grace)
        waiting = asyncio.create_task(self._take_over(self._group, waits_for))
        try:
            return await self._place.run(self._group, devices)
        finally:
            waiting.cancel()
            rendezvous.unlink(missing_ok=True)

    async def _take_over(
        self, group: RankGroup, previous: TrainingJob | FusedMember | None
    ) -> None:
        """Let a group begin that is held, once the other is over."""
        if previous is None:
            return
        await previous.over.wait()
        if not previous.has_finished and await self._has_files():
            try:
                group.release()
                return
            except SaturnError as error:
                _log.warning("%s cannot take over: %s", self.task, error)
        group.stop(0.0)

    async def _has_files(self) -> bool:
        """Have here what the task has. Where that cannot be, the attempt fails for it."""
        try:
            await self._files.begin()
        except Exception as error:
            self._refusal = failure_of(error)
        return self._refusal is None

    def _hear(self, event: RankEvent) -> None:
        if event["kind"] == "ready":
            self._ready.add(event["rank"])
            if len(self._ready) == self._body["strategy"]["devices"]:
                self._voice.tell("ready", {})
        elif event["kind"] in PROGRESS or event["kind"] == "meets":
            facts: Any = event
            tell = partial(self._voice.tell, event["kind"], facts)
            self._files.hear(event["kind"], facts.get("step"), tell)

    def _give_up(self) -> None:
        """Its files cannot be where they belong."""
        self.stop(0.0)


Attempt = TrainingJob | FusedMember

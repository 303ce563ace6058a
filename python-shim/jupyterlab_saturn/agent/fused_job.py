"""Attempts at several tasks that are one run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError, failure_of
from ..private_folders import ensure_private
from .attempt_voice import AttemptVoice
from .group_outcome import GroupOutcome
from .group_record import failure_of as told_failure
from .job_context import JobContext, choose_devices
from .rank_group import RankGroup
from .run_members import LAST_WORDS
from .silence import PROGRESS
from .stop_word import StopWord
from .train_order import train_order

if TYPE_CHECKING:
    from ..generated.wire_types import Failure, FusedTask, GroupOrder, GroupStart, Node
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_order import FusedOrder, TrainOrder

_log = logging.getLogger(__name__)


class FusedMember:
    """One of these attempts, which the engine talks of as if it were alone.

    Attributes
    ----------
    over
        Set once it is: others may go on.
    has_finished
        Whether it then trained the task to its end.
    leaves
        Whether its ranks are done with it.
    """

    def __init__(
        self, run: FusedJob, own: FusedTask, voice: AttemptVoice, place: JobContext
    ) -> None:
        self.task: str = own["task"]["name"]
        self.number: int = own["attempt"]
        self.own: FusedOrder = dict(own)  # type: ignore[assignment]
        self.over = asyncio.Event()
        self.has_finished = False
        self.leaves = False
        self.voice = voice
        self.safe_step: int | None = None
        self._run = run
        self.files = place.files.attempt(own["task"], self.number, lambda: self.stop(0.0))

    @property
    def order(self) -> GroupOrder:
        """How it was started."""
        return self._run.order_of(self)

    @property
    def pids(self) -> list[int]:
        """Process ids of the ranks."""
        return self._run.pids

    def stop(self, grace: float) -> None:
        """Have it checkpoint and leave.

        When all others are over or leave, too, what is left after `grace` seconds is killed.
        """
        self.own["stop"] = True
        if grace == 0.0:
            self.files.forget()
        self._run.amend(grace)

    def train_until(self, step: int) -> None:
        """Have it leave after another step."""
        self.own["until"] = step
        self._run.amend()

    def end(self, outcome: GroupOutcome) -> None:
        """It is over: tell how."""
        self.has_finished = outcome.kind == "finished"
        self.over.set()
        self.voice.tell_end(outcome)


class FusedJob:
    """Trains several tasks in one rank group; each attempt tells of itself, and ends by itself.

    Parameters
    ----------
    ended
        Told of each attempt when it is over.
    """

    def __init__(
        self,
        place: JobContext,
        body: GroupStart,
        node: Node,
        ended: Callable[[FusedMember], object],
    ) -> None:
        self._place = place
        self._body = body
        self._node = node
        self._ended = ended
        self._group: RankGroup | None = None
        self._stop_word = StopWord()
        self._ending: list[asyncio.Task[None]] = []
        self.members = [self._member(own) for own in (_first_of(body), *body.get("fused", []))]

    async def run(self) -> None:
        """Train and report."""
        try:
            outcome = await self._train()
        except Exception as error:
            outcome = GroupOutcome("failed", error=failure_of(error))
        for member in self._running:
            # Each is known by its own checkpoints; without a word of it, it has not finished.
            if outcome.kind == "finished":
                self._end(member, GroupOutcome("lost", error=_unheard(member)))
            elif outcome.kind == "stopped":
                self._end(member, GroupOutcome("stopped", step=member.safe_step))
            else:
                self._end(member, GroupOutcome(outcome.kind, error=outcome.error))
        await asyncio.gather(*self._ending)

    def order_of(self, member: FusedMember) -> GroupOrder:
        """How an attempt was started."""
        return {
            "hash": member.own["task"]["hash"],
            "strategy": self._body["strategy"],
            "devices": self._body["devices"],
            "fused": [each.task for each in self.members],
        }

    @property
    def pids(self) -> list[int]:
        """Process ids of its ranks."""
        return [] if self._group is None else self._group.pids

    def amend(self, grace: float | None = None) -> None:
        """Have the ranks know what is asked of the attempts by now.

        Parameters
        ----------
        grace
            Seconds to leave, when one was stopped.
        """
        if grace is not None and all(member.own.get("stop") for member in self._running):
            self._stop_word.tell()
            if self._group is not None:
                self._group.stop(grace)
                return
        if self._group is not None:
            try:
                self._group.amend(**self._changing())
            except SaturnError as error:
                _log.warning("%s go on: %s", self._names, error)

    async def _train(self) -> GroupOutcome:
        body = self._body
        if "part" in body or "after" in body:
            raise SaturnError(
                "not-fusible",
                f"{self._names} cannot be one run over several nodes, or take over from another.",
            )
        devices = choose_devices(self._node, body["devices"], body["strategy"])
        if not await self._stop_word.spares(self._have_files()):
            return GroupOutcome("stopped")
        rendezvous = self._place.rendezvous()
        request: TrainOrder = train_order(body, self._node, devices, rendezvous)
        request["base"] = body.get("base", "")
        request |= self._changing()
        first = self.members[0]
        folder = self._place.paths.attempt(first.task, first.number)
        self._group = self._place.group(request, folder, len(devices), heard=self._hear)
        self._link_logs(folder, len(devices))
        try:
            return await self._place.run(self._group, devices)
        finally:
            rendezvous.unlink(missing_ok=True)

    async def _have_files(self) -> None:
        await self._place.prepare([member.own["task"] for member in self.members])
        for member in self.members:
            await member.files.begin()

    def _hear(self, event: RankEvent) -> None:
        name = event.get("task")
        member = next((each for each in self._running if each.task == name), None)
        if member is None:
            return
        facts: Any = event
        if event["kind"] in ("started", "checkpoint"):
            member.safe_step = facts.get("step")
        if event["kind"] in PROGRESS:
            tell = partial(member.voice.tell, event["kind"], facts)
            member.files.hear(event["kind"], facts.get("step"), tell)
        elif event["kind"] in LAST_WORDS:
            kind, word = facts["kind"], facts if event["kind"] == "finished" else None
            error = told_failure(facts) if kind == "failed" else None
            outcome = GroupOutcome(kind, step=facts.get("step"), error=error, word=word)
            self._end(member, outcome)

    def _end(self, member: FusedMember, outcome: GroupOutcome) -> None:
        member.leaves = True
        self._ending.append(asyncio.create_task(self._settle(member, outcome)))

    async def _settle(self, member: FusedMember, outcome: GroupOutcome) -> None:
        outcome = await member.files.end(outcome)
        self._ended(member)
        member.end(outcome)

    def _changing(self) -> Any:
        """What of the request may change while it runs."""
        first, *others = self.members
        own = {key: first.own[key] for key in ("until", "stop") if key in first.own}
        return {**own, "fused": [other.own for other in others]}

    @property
    def _running(self) -> list[FusedMember]:
        return [member for member in self.members if not member.leaves]

    @property
    def _names(self) -> str:
        return ", ".join(member.task for member in self.members)

    def _member(self, own: FusedTask) -> FusedMember:
        voice = AttemptVoice(self._place.say, own["task"]["name"], own["attempt"])
        return FusedMember(self, own, voice, self._place)

    def _link_logs(self, folder: Path, ranks: int) -> None:
        """What the ranks print is in the folder of the first; each other has it by a link."""
        for member in self.members[1:]:
            own = ensure_private(self._place.paths.attempt(member.task, member.number))
            for rank in range(ranks):
                log = own / f"rank{rank}.log"
                log.unlink(missing_ok=True)
                with contextlib.suppress(OSError):  # it is for reading only
                    log.symlink_to(os.path.relpath(folder / log.name, own))


def _first_of(body: GroupStart) -> FusedTask:
    """What is the first task's own."""
    named = ("task", "attempt", "steps", "until", "signature", "assumed")
    keys = (*named, "evaluates", "keeps", "rungs")
    said: Any = body
    own: Any = {key: said[key] for key in keys if key in said}
    first: FusedTask = own
    return first


def _unheard(member: FusedMember) -> Failure:
    return {"code": "rank-lost", "message": f"The ranks left without a word of {member.task}."}

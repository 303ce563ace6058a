"""A few measured steps of a task under a strategy."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..cuda_errors import KERNEL_HINT, fault_of
from ..errors import SaturnError, failure_of
from ..wire import message, validate
from .backoff import Backoff
from .group_outcome import GroupOutcome, is_agents_loss, is_of_device
from .job_context import JobContext, choose_devices

if TYPE_CHECKING:
    from ..generated.wire_types import Failure, Node, ProfileCell, TrialResult, TrialStart
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_order import TrialOrder


class TrialJob:
    """Tries a strategy for a few steps; ends in one profile cell."""

    def __init__(self, place: JobContext, body: TrialStart, node: Node) -> None:
        self.id: str = body["trial"]
        self._place = place
        self._body = body
        self._node = node
        self._measuring: asyncio.Task[GroupOutcome] | None = None
        self._stopped = False

    async def run(self) -> None:
        """Measure and report; when stopped, report once the ranks are gone."""
        result: TrialResult = {"trial": self.id}
        if not self._stopped:
            self._measuring = asyncio.create_task(self._outcome())
            try:
                result["cell"] = self._cell(await self._measuring)
            except asyncio.CancelledError:
                if not self._stopped:
                    raise
        self._place.say(message("agent", "trial.result", result))

    def stop(self) -> None:
        """Kill the ranks: there is nothing to save."""
        if not self._stopped:
            self._stopped = True
            if self._measuring is not None:
                self._measuring.cancel()

    async def _outcome(self) -> GroupOutcome:
        try:
            outcome = await self._measure_unless_lost()
            if outcome.kind == "lost" and not _is_of_others(outcome):
                # Killed from outside, perhaps for another's hunger: once is no verdict.
                outcome = await self._measure_unless_lost()
            if outcome.error is not None and fault_of(outcome.error["message"]) == "kernel-failed":
                outcome = await self._located(outcome)
            return outcome
        except Exception as error:
            return GroupOutcome("failed", error=failure_of(error))

    async def _measure_unless_lost(self) -> GroupOutcome:
        """Measure; a few times again when ranks were lost with something of the agent's own."""
        backoff = Backoff(self._place.limits.again)
        while is_agents_loss((outcome := await self._measure()).error):
            if not await backoff.again():
                break
        return outcome

    async def _located(self, outcome: GroupOutcome) -> GroupOutcome:
        """How a trial ended whose kernel failed, with the place, if it fails once more.

        GPUs tell of it late; with each kernel waited for, the traceback is of the one that failed.
        """
        again = await self._measure(blocking=True)
        if again.error is None or fault_of(again.error["message"]) != "kernel-failed":
            return outcome
        return replace(again, error={**again.error, "hint": KERNEL_HINT})

    async def _measure(self, *, blocking: bool = False) -> GroupOutcome:
        body = self._body
        await self._place.prepare([body["task"], *body.get("fused", [])])
        devices = choose_devices(self._node, body["devices"], body["strategy"])
        rendezvous = self._place.rendezvous()
        request: TrialOrder = {
            "kind": "trial",
            "task": body["task"],
            "signature": body["signature"],
            "strategy": body["strategy"],
            "devices": devices,
            "rendezvous": str(rendezvous),
            "techniques": body.get("techniques", []),
        }
        if "assumed" in body:
            request["assumed"] = body["assumed"]
        if "fused" in body:
            request["fused"] = body["fused"]
            request["base"] = body.get("base", "")
        if blocking:
            request["launchBlocking"] = True
        if "patienceSeconds" in body:
            request["patienceSeconds"] = body["patienceSeconds"]
        folder = self._place.paths.trial(self.id)
        group = self._place.group(request, folder, len(devices), heard=_ignore)
        try:
            return await self._place.run(group, devices, body["deadlineSeconds"])
        finally:
            rendezvous.unlink(missing_ok=True)
            # What a rank that was killed while saving left.
            shutil.rmtree(self._place.paths.trial(group.job), ignore_errors=True)

    def _cell(self, outcome: GroupOutcome) -> ProfileCell:
        body = self._body
        strategy, fused = body["strategy"], len(body.get("fused", [])) + 1
        signature = body.get("base", "") if fused > 1 else body["signature"]
        failure: Failure = outcome.error or {
            "code": "trial-stopped",
            "message": "The trial ended before it had measured anything.",
        }
        if outcome.kind == "finished" and outcome.word is not None:
            told: Any = outcome.word.get("cell") or {}
            told = {**told, "signature": signature, "strategy": strategy, "source": "measured"}
            try:
                validate("ProfileCell", told)
            except SaturnError as error:
                failure = error.to_json()
            else:
                cell: ProfileCell = told
                return cell
        elif failure["code"] == "rank-lost":
            failure = {**failure, "code": "trial-lost"}
        failed: ProfileCell = {
            "signature": signature,
            "strategy": strategy,
            "status": "oom" if outcome.kind == "oom" else "failed",
            "source": "measured",
            "error": failure,
        }
        if fused > 1:
            failed["fused"] = fused
        return failed


def _is_of_others(outcome: GroupOutcome) -> bool:
    """Whether the ranks were lost with a device, or with something of the agent's own."""
    return is_of_device(outcome.error) or is_agents_loss(outcome.error)


def _ignore(event: RankEvent) -> None:
    """A trial has nothing to tell before its end."""

"""What an agent is at: inspections, trials and attempts of training."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from .fused_job import FusedJob, FusedMember
from .inspection_job import InspectionJob
from .job_context import JobContext
from .training_job import Attempt, TrainingJob
from .trial_job import TrialJob

if TYPE_CHECKING:
    from ..generated.wire_types import (
        AgentMessage,
        GroupReport,
        GroupStart,
        GroupStop,
        GroupUntil,
        Inspect,
        Node,
        TaskSpec,
        TrialStart,
    )

_log = logging.getLogger(__name__)


class JobsReport(TypedDict):
    """What is under way, for the engine's eyes."""

    groups: list[GroupReport]
    trials: list[str]
    inspecting: list[str]


class AgentJobs:
    """Begins what the engine asks for, knows what is under way, and ends it.

    Parameters
    ----------
    place
        What jobs share.
    """

    def __init__(self, place: JobContext) -> None:
        self._place = place
        self._inspections: list[InspectionJob] = []
        self._trials: dict[str, TrialJob] = {}
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._inspecting = asyncio.Lock()

    def report(self, unacknowledged: Iterable[AgentMessage]) -> JobsReport:
        """What is under way.

        Parameters
        ----------
        unacknowledged
            What is over, but not yet written down by an engine, is not lost: its end follows.
        """
        groups, trials = {*self._attempts}, {*self._trials}
        inspecting = {task for one in self._inspections for task in one.tasks}
        for told in unacknowledged:
            match told["type"]:
                case "group.event":
                    groups.add((told["body"]["task"], told["body"]["attempt"]))
                case "trial.result":
                    trials.add(told["body"]["trial"])
                case "inspect.results":
                    inspecting |= {result["task"] for result in told["body"]["results"]}
        return {
            "groups": [self._group_report(*group) for group in sorted(groups)],
            "trials": sorted(trials),
            "inspecting": sorted(inspecting),
        }

    def inspect(self, body: Inspect, node: Node) -> None:
        """Inspect tasks when those before them are.

        What is to be found of them first is not looked for of those that are at it already.
        """
        if body.get("part") == "first":
            names = [task["name"] for task in body["tasks"]]
            kept = {name for one in self._inspections for name in one.hand_over(names)}
            tasks = [task for task in body["tasks"] if task["name"] not in kept]
            if not tasks:
                return
            body = {**body, "tasks": tasks}
        inspection = InspectionJob(self._place, body, node)
        self._inspections.append(inspection)
        self.begin(self._in_turn(inspection), lambda: self._inspections.remove(inspection))

    def stop_inspecting(self, tasks: Sequence[str]) -> None:
        """Give up the inspection of some tasks."""
        for inspection in self._inspections:
            inspection.stop(tasks)

    def warm(self, task: TaskSpec) -> None:
        """Load what ranks of such a task begin with, unless some may run."""
        if not (self._inspections or self._trials or self._attempts):
            self.begin(self._place.warm(task))

    def start_trial(self, body: TrialStart, node: Node) -> None:
        """Make a trial, unless it is under way."""
        if body["trial"] in self._trials:
            _log.warning("Trial %s is already running.", body["trial"])
            return
        trial = TrialJob(self._place, body, node)
        self._trials[trial.id] = trial
        self.begin(trial.run(), lambda: self._trials.pop(trial.id))

    def stop_trial(self, name: str) -> None:
        """Give a trial up, if it is under way."""
        trial = self._trials.get(name)
        if trial is not None:
            trial.stop()

    def start_attempt(self, body: GroupStart, node: Node) -> None:
        """Train, unless this attempt is under way."""
        if "fused" in body:
            self._start_fused(body, node)
            return
        key = body["task"]["name"], body["attempt"]
        if key in self._attempts:
            _log.warning("Attempt %d of %s is already running.", key[1], key[0])
            return
        previous = self._attempts.get((key[0], body.get("after", 0)))
        job = TrainingJob(self._place, body, node, previous)
        self._attempts[key] = job
        self.begin(job.run(), lambda: self._attempts.pop(key))

    def _start_fused(self, body: GroupStart, node: Node) -> None:
        def forget(member: FusedMember) -> None:
            self._attempts.pop((member.task, member.number), None)

        job = FusedJob(self._place, body, node, forget)
        keys = [(member.task, member.number) for member in job.members]
        if any(key in self._attempts for key in keys):
            _log.warning("Attempts of this run are already running: %s", keys)
            return
        self._attempts.update(zip(keys, job.members, strict=True))
        self.begin(job.run())

    def stop_attempt(self, body: GroupStop) -> None:
        """Have an attempt leave, if it is under way."""
        attempt = self._attempt(body)
        if attempt is not None:
            attempt.stop(body["graceSeconds"])

    def train_until(self, body: GroupUntil) -> None:
        """Say at which step an attempt leaves, if it is under way."""
        attempt = self._attempt(body)
        if attempt is not None:
            attempt.train_until(body["step"])

    def leave(self, grace: float) -> None:
        """Have all attempts save and leave; kill what is left of them after `grace` seconds."""
        for attempt in list(self._attempts.values()):
            attempt.stop(grace)

    def begin(
        self, work: Coroutine[Any, Any, None], forget: Callable[[], object] | None = None
    ) -> None:
        """Do something that ends with the others; `forget` is called when it is over."""
        task = asyncio.create_task(work)
        self._under_way.add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            if forget is not None:
                forget()
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("A job broke.", exc_info=error)

        task.add_done_callback(over)

    async def end(self) -> None:
        """End all that is under way, and wait for it."""
        jobs = list(self._under_way)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._place.files.close()

    async def _in_turn(self, inspection: InspectionJob) -> None:
        # One at a time: each builds whole models in memory that is not its own.
        async with self._inspecting:
            await inspection.run()

    def _attempt(self, body: GroupStop | GroupUntil) -> Attempt | None:
        return self._attempts.get((body["task"], body["attempt"]))

    def _group_report(self, task: str, attempt: int) -> GroupReport:
        report: GroupReport = {"task": task, "attempt": attempt}
        job = self._attempts.get((task, attempt))
        if job is not None:
            report["order"] = job.order
        return report

"""Building tasks once, without training them, to learn what they are."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import failure_of
from ..wire import validate
from .backoff import Backoff
from .group_outcome import GroupOutcome, is_agents_loss
from .group_record import GroupRecord
from .group_verdict import decide
from .host_memory import available_bytes
from .inspection_results import InspectionResults
from .job_context import JobContext, choose_devices
from .log_tail import tail
from .oom_killer import memory_kills
from .runtime_folder import INSPECT_PREFIX

if TYPE_CHECKING:
    from ..generated.wire_types import Device, Failure, Inspect, InspectResult, Node, TaskSpec
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_order import InspectOrder

_KEPT_BYTES = 1 << 20
_SHORT_SECONDS = 5.0
"""For which work is thrown away rather than waited for: what builds long is built once."""
_MEMORY_SHARE = 0.5  # of what is free: others train and grow


class InspectionJob:
    """Builds tasks once, in processes that one pool forks; every task gets its result.

    That is done on the CPU, beside those who train, or on a device which is held meanwhile.

    A pool builds tasks of one world only: modules of one notebook must not serve another.

    A task whose process ends without a word is to blame for it. When the pool itself ends before
    it has told of all its tasks, the first of the untold gets the blame and the others a new one,
    unless two in a row tell nothing. What was killed from outside may be nobody's fault: its task
    gets one more process. What was lost with something of the agent's own is repeated a few times.
    """

    def __init__(self, place: JobContext, body: Inspect, node: Node) -> None:
        self._place = place
        self._body = body
        self._node = node
        self._left: dict[str, TaskSpec] = {task["name"]: task for task in body["tasks"]}
        self._results = InspectionResults(place.say)
        self._spared: set[str] = set()
        self._folder = Path()
        self._kills = 0
        self._python = sys.executable
        self._building: asyncio.Task[GroupOutcome] | None = None
        self._begun: float | None = None

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks of which the engine has no result yet."""
        return [*self._left, *self._results.tasks]

    def stop(self, tasks: Sequence[str]) -> None:
        """Give up some tasks. The process at work is killed; the others get a new one."""
        given_up = [self._left.pop(task) for task in tasks if task in self._left]
        if given_up and self._building is not None:
            self._building.cancel()

    def hand_over(self, tasks: Sequence[str]) -> set[str]:
        """Give some tasks up to another job, unless this one has been at work for a while.

        Returns
        -------
        set[str]
            Names of those that it keeps.
        """
        mine = self._left.keys() & set(tasks)
        if self._begun is not None and time.monotonic() - self._begun > _SHORT_SECONDS:
            return mine
        self.stop([*mine])
        return set()

    async def run(self) -> None:
        """Inspect until every task has its result, or was given up."""
        self._begun = time.monotonic()
        try:
            await self._inspect_all()
        finally:
            self._results.flush()

    async def _inspect_all(self) -> None:
        mute = 0
        backoff = Backoff(self._place.limits.again)
        while self._left:
            before, spared = len(self._left), len(self._spared)
            round = self._round_of(next(iter(self._left)))
            self._building = asyncio.create_task(self._outcome(round))
            try:
                outcome = await self._building
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                continue  # some tasks were given up
            untold = [task["name"] for task in round if task["name"] in self._left]
            if not untold or len(self._spared) > spared:
                continue
            if len(self._left) < before:
                backoff.reset()
            if is_agents_loss(outcome.error):
                if await backoff.again():
                    continue
            elif outcome.kind == "lost" and untold[0] not in self._spared:
                self._spared.add(untold[0])
                continue
            mute = mute + 1 if len(self._left) == before else 0
            for task in untold if mute == 2 else untold[:1]:
                self._blame(task, outcome)
            if not any(name in self._left for name in untold):
                mute = 0  # what follows is of another world

    def _round_of(self, first: str) -> list[TaskSpec]:
        """The tasks left of a task's world, with it in front: a process sees but one world."""
        world = self._left[first].get("world")
        return [task for task in self._left.values() if task.get("world") == world]

    async def _outcome(self, tasks: list[TaskSpec]) -> GroupOutcome:
        try:
            return await self._round(tasks)
        except Exception as error:
            return GroupOutcome("failed", error=failure_of(error))

    async def _round(self, tasks: list[TaskSpec]) -> GroupOutcome:
        await self._place.prepare(tasks)
        folder = self._place.runtime / f"{INSPECT_PREFIX}{secrets.token_hex(8)}"
        devices = self._node["devices"]
        held = self._device()
        request: InspectOrder = {
            "kind": "inspect",
            "tasks": tasks,
            "maxDevices": self._body["maxDevices"],
            "deviceKind": devices[0]["kind"],
            "deviceBytes": min(device["memoryBytes"] for device in devices),
            "techniques": self._body.get("techniques", []),
            "devices": held,
            "roomBytes": int(available_bytes() * _MEMORY_SHARE),
            "workers": 1 if held else _workers(devices[0]["kind"]),
        }
        if "part" in self._body:
            request["look"] = self._body["part"]
        self._python = self._place.surroundings.of(tasks[0].get("world")).python
        told = [each["computeCapability"] for each in devices if "computeCapability" in each]
        if told:
            request["computeCapability"] = min(told)
        try:
            group = self._place.group(request, folder, 1, heard=self._hear, may_be_silent=True)
            self._folder, self._kills = folder, memory_kills() or 0
            outcome = await self._place.run(group, held)
            for task in tasks:  # the one that the pool died of, if it did
                if task["name"] in self._left:
                    self._keep_log(task["name"])
                    break
            return outcome
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _device(self) -> list[Device]:
        """The device to inspect on; none for the CPU. Raises SaturnError ``unknown-device``."""
        if "device" not in self._body:
            return []
        return choose_devices(
            self._node, [self._body["device"]], {"technique": "single", "devices": 1}
        )

    def _hear(self, event: RankEvent) -> None:
        if event["kind"] == "inspected":
            result = event.get("result")
            validate("InspectResult", result)
            if "inspection" in result and self._python != sys.executable:
                # What is measured of its libraries is theirs alone.
                name = hashlib.sha256(self._python.encode()).hexdigest()[:8]
                result["inspection"]["signature"] += f"@{name}"
            self._report(result)
        elif event["kind"] == "died":
            self._bury(event["task"], event["code"])

    def _bury(self, task: str, code: int) -> None:
        """Blame a task for the end of its process, unless that may be nobody's fault."""
        if task not in self._left:
            return
        kills, self._kills = self._kills, memory_kills() or 0
        record = GroupRecord(1, exits=[(0, code)], memory_kills=self._kills - kills)
        outcome = decide(record, lambda _: tail(self._log_of(task)), may_be_silent=True)
        if outcome.kind == "lost" and task not in self._spared:
            self._spared.add(task)
        else:
            self._blame(task, outcome)

    def _blame(self, task: str, outcome: GroupOutcome) -> None:
        failure: Failure = outcome.error or {
            "code": "not-inspected",
            "message": "The inspection ended without a word on this task.",
        }
        if outcome.kind == "lost":
            again = f"Have it built again with %saturn retry {task}."
            failure = {**failure, "hint": " ".join([failure.get("hint", ""), again]).strip()}
        self._report({"task": task, "hash": self._left[task]["hash"], "error": failure})

    def _report(self, result: InspectResult) -> None:
        task = result["task"]
        if self._left.pop(task, None) is not None:
            self._keep_log(task)
            if "error" in result:
                result = {**result, "error": self._place.files.explained(result["error"])}
            self._results.add({**result, "kind": self._node["devices"][0]["kind"]})

    def _log_of(self, task: str) -> Path:
        return self._folder / f"task-{task}.log"

    def _keep_log(self, task: str) -> None:
        """Keep the beginning of what was printed, or that it was nothing this time."""
        kept = self._place.paths.inspection_log(task)
        printed = b""
        with contextlib.suppress(OSError):
            with self._log_of(task).open("rb") as log:
                printed = log.read(_KEPT_BYTES)
            self._log_of(task).unlink()
        with contextlib.suppress(OSError):
            if printed:
                kept.write_bytes(printed)
            else:
                kept.unlink(missing_ok=True)
        self._place.files.keep_note(kept)


def _workers(kind: str) -> int:
    """How many tasks to inspect at a time: fewer beside GPUs, whose data other cores load."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (cores or 1) // (1 if kind == "cpu" else 2))


def _is_cancelled() -> bool:
    """Whether it is the present work itself that is to end, not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

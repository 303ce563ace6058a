"""Building tasks once, without training them, to learn what they are."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import failure_of
from ..wire import message, validate
from .group_outcome import GroupOutcome, is_agents_loss
from .job_context import JobContext, choose_devices
from .runtime_folder import INSPECT_PREFIX

if TYPE_CHECKING:
    from ..generated.wire_types import Device, Failure, Inspect, InspectResult, Node, TaskSpec
    from ..training.runtime.event_sender import RankEvent
    from ..training.runtime.rank_request import InspectOrder

_KEPT_BYTES = 1 << 20


class InspectionJob:
    """Builds tasks once, in one process after another; every task gets its result.

    That is done on the CPU, beside those who train, or on a device which is held meanwhile.

    A process builds tasks of one world only: modules of one notebook must not serve another.

    When a process ends before it has told of all its tasks, the first of the untold gets the
    blame and the others a new process, unless two processes in a row tell nothing. A process
    that was killed from outside may be nobody's fault: its task gets one more.
    """

    def __init__(self, place: JobContext, body: Inspect, node: Node) -> None:
        self._place = place
        self._body = body
        self._node = node
        self._left: dict[str, TaskSpec] = {task["name"]: task for task in body["tasks"]}
        self._log = Path()
        self._read = 0
        self._python = sys.executable
        self._building: asyncio.Task[GroupOutcome] | None = None

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks without a result yet."""
        return list(self._left)

    def stop(self, tasks: Sequence[str]) -> None:
        """Give up some tasks. The process at work is killed; the others get a new one."""
        given_up = [self._left.pop(task) for task in tasks if task in self._left]
        if given_up and self._building is not None:
            self._building.cancel()

    async def run(self) -> None:
        """Inspect until every task has its result, or was given up."""
        mute = 0
        spared = ""
        while self._left:
            before = len(self._left)
            round = self._round_of(self.tasks[0])
            self._building = asyncio.create_task(self._outcome(round))
            try:
                outcome = await self._building
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                continue  # some tasks were given up
            untold = [task["name"] for task in round if task["name"] in self._left]
            if not untold:
                continue
            if is_agents_loss(outcome.error):
                continue
            if outcome.kind == "lost" and untold[0] != spared:
                spared = untold[0]
                continue
            mute = mute + 1 if len(self._left) == before else 0
            failure: Failure = outcome.error or {
                "code": "not-inspected",
                "message": "The inspection ended without a word on this task.",
            }
            for task in untold if mute == 2 else untold[:1]:
                self._report({"task": task, "hash": self._left[task]["hash"], "error": failure})
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
        }
        self._python = self._place.surroundings.of(tasks[0].get("world")).python
        told = [each["computeCapability"] for each in devices if "computeCapability" in each]
        if told:
            request["computeCapability"] = min(told)
        try:
            group = self._place.group(request, folder, 1, heard=self._hear, may_be_silent=True)
            self._log, self._read = group.log(0), 0
            outcome = await self._place.run(group, held)
            for task in tasks:  # the one it died of
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
            self._keep_log(result["task"], event.get("printed"))
            self._report(result)

    def _keep_log(self, task: str, end: int | None = None) -> None:
        """Keep what was printed since the task before, up to a byte: one process builds many."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            end = log.seek(0, os.SEEK_END) if end is None else end
            log.seek(self._read)
            printed = log.read(min(_KEPT_BYTES, max(0, end - self._read)))
            self._read = end
            self._place.paths.inspection_log(task).write_bytes(printed)

    def _report(self, result: InspectResult) -> None:
        if self._left.pop(result["task"], None) is not None:
            self._place.say(message("agent", "inspect.result", result))


def _is_cancelled() -> bool:
    """Whether it is the present work itself that is to end, not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

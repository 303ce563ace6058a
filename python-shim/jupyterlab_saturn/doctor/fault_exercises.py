"""Faults on purpose: each is told as what it is, and the next job finds the devices usable."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from ..agent.group_limits import Limits
from .finding import Finding
from .probe_factories import slow, stack, stray
from .quick_exercises import GRACE_SECONDS, SINGLE, measured, stopped_twice
from .workbench import Workbench, other_paths

if TYPE_CHECKING:
    from ..agent.training_job import TrainingJob
    from ..generated.wire_types import GroupEvent

_STEP_SECONDS = 0.05
_LONG_STEP_SECONDS = 2.0
_SILENCE = 8.0


async def killed_rank(bench: Workbench) -> Finding:
    """Whether a rank that is killed is told as lost, not as a fault of the task."""

    # Ranks are children of what they are forked from, or of this process when cold.
    others = _descendants()

    def heard(job: TrainingJob, event: GroupEvent) -> None:
        if event["kind"] == "started":
            for process in _descendants() - others:
                if process.pid != bench.launcher.zygote.pid:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()  # type: ignore[no-untyped-call]

    event = await bench.train(
        bench.spec(slow, seconds=_STEP_SECONDS), SINGLE, steps=1000, heard=heard
    )
    return _ended("killed rank", event, "lost")


def _descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))  # type: ignore[no-untyped-call]


async def hung_rank(bench: Workbench) -> Finding:
    """Whether a rank that others wait for in vain is noticed, with where it is."""
    name = "hung rank"
    if bench.most == 1:
        return Finding(name, "ok", "There is one device, so no rank waits for another.")
    limits = Limits(start=60.0, silence=_SILENCE)
    async with Workbench(other_paths(bench, "hung"), bench.node, limits=limits) as other:
        spec = other.spec(slow, seconds=600.0, straggler=1)
        begun = time.monotonic()
        event = await other.train(spec, {"technique": "ddp", "devices": 2}, steps=5)
    finding = _ended(name, event, "lost")
    where = event["error"].get("traceback", "") if "error" in event else ""
    if finding.status == "ok" and "forward" not in where:
        return Finding(name, "warning", f"{finding.seen} Where it hung is not told.")
    return Finding(name, finding.status, f"After {time.monotonic() - begun:.0f} s: {finding.seen}")


def _ended(name: str, event: GroupEvent, wanted: str) -> Finding:
    said = event["error"]["message"] if "error" in event else "no reason"
    if event["kind"] == wanted:
        return Finding(name, "ok", f"It was told as {wanted}: {said}")
    return Finding(
        name,
        "broken",
        f"It was told as {event['kind']} instead of {wanted}: {said}",
        "Please report this.",
        {"event": event},
    )


async def failed_kernel(bench: Workbench) -> Finding:
    """Whether an index out of range, which GPUs tell of late, is told as the task's fault."""
    name = "failed kernel"
    cell = await bench.trial(bench.spec(stray), SINGLE)
    error = cell.get("error", {"code": "none", "message": "it was not noticed"})
    hint = error.get("hint", "")
    # On a CPU the error itself says it.
    told = bench.kind == "cpu" or "out of range" in hint
    if cell["status"] != "failed" or "out of" not in error["message"] + hint:
        return Finding(
            name,
            "broken",
            f"An index out of range ended as {cell['status']}: {error['message']}",
            "Please report this.",
            {"cell": cell},
        )
    measured(await bench.trial(bench.spec(stack), SINGLE))
    seen = f"An index out of range was told as the task's fault: {error['message']}"
    return Finding(name, "ok" if told else "warning", seen, facts={"cell": cell})


async def stop_in_step(bench: Workbench) -> Finding:
    """Whether a training that is told to stop amid a step keeps that step."""

    def stop_amid(job: TrainingJob, event: GroupEvent) -> None:
        if event["kind"] == "started":
            loop = asyncio.get_running_loop()
            loop.call_later(_LONG_STEP_SECONDS / 4, job.stop, GRACE_SECONDS)

    return await stopped_twice(
        bench,
        "stop in a step",
        bench.spec(slow, seconds=_LONG_STEP_SECONDS),
        (stop_amid, stop_amid),
        lambda stops: f"The step was ended and kept: {stops[0]}, then {stops[1]}.",
    )

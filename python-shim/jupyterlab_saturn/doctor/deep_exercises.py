"""Minutes of real work: how devices talk, every technique, and faults."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from .. import technique_catalogue
from ..agent.rank_group import Limits
from ..errors import SaturnError
from ..paths import SessionPaths
from .communication_exercise import communication
from .exercise import Exercise
from .finding import Finding
from .probe_factories import llama, slow, stack
from .quick_exercises import BOUNDS, SINGLE, STEPS, compared, measured, numbers
from .workbench import Workbench, error_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..agent.training_job import TrainingJob
    from ..generated.wire_types import Feasibility, GroupEvent, Strategy

_SLOW_SECONDS = 0.05
_SLOW_STEPS = 20
_TRUTH_SECONDS = 15.0
_TRUTH = 0.25
_SILENCE = 8.0


async def cold_start(bench: Workbench) -> Finding:
    """How much later a rank is ready that is not forked."""
    forked = measured(await bench.trial(bench.spec(stack), SINGLE))["startSeconds"]
    async with Workbench(_other(bench, "cold"), bench.node, forks=False) as other:
        cold = measured(await other.trial(other.spec(stack), SINGLE))["startSeconds"]
    return Finding(
        "cold start",
        "ok",
        f"A forked rank is ready after {forked:.1f} s, one that loads PyTorch itself after "
        f"{cold:.1f} s.",
        facts={"forkedSeconds": forked, "coldSeconds": cold},
    )


def every_way(technique: str) -> Callable[[Workbench], Awaitable[Finding]]:
    """Makes what trains by a technique on as many devices as it can, and compares with one."""

    async def do(bench: Workbench) -> Finding:
        begun = time.monotonic()
        name, reasons = f"{technique}, all counts", [""]
        for factory in (stack, llama):
            try:
                inspection = await bench.inspect(bench.spec(factory, adam=True))
            except SaturnError as error:
                if factory is stack:
                    raise
                reasons.append(error.message)
                continue
            told = [each for each in inspection["feasibility"] if _is_of(each, technique)]
            reasons += [each["reason"] for each in told if "reason" in each]
            ways = [each["strategy"] for each in told if each["feasible"]]
            ways = [way for way in ways if way["devices"] <= bench.most]
            if ways:
                break
        else:
            return Finding(name, "ok", f"Not tried here: {reasons[-1] or 'no way is offered'}.")
        wanted = numbers(await bench.result(bench.spec(factory, adam=True), SINGLE, steps=STEPS))
        for way in ways:
            result = await bench.result(bench.spec(factory, adam=True), way, steps=STEPS)
            finding = compared(name, numbers(result), wanted, bench.kind, time.monotonic() - begun)
            if finding.status == "broken":
                return Finding(
                    name,
                    "broken",
                    f"By {_words(way)}: {finding.seen}",
                    finding.advice,
                    finding.facts,
                )
        tried = "; ".join(map(_words, ways))
        return Finding(name, "ok", f"Losses equal those of one device, {tried}.")

    return do


def _is_of(told: Feasibility, technique: str) -> bool:
    return told["strategy"]["technique"] == technique


def _words(way: Strategy) -> str:
    knobs = "".join(f", {name} {value}" for name, value in way.get("knobs", {}).items())
    return f"on {way['devices']}{knobs}"


async def switch(bench: Workbench) -> Finding:
    """Whether a training that began by one technique is ended by another."""
    name = "switch of technique"
    if bench.most == 1:
        return Finding(name, "ok", "There is one device, so there is nothing to switch to.")
    wanted = numbers(await bench.result(bench.spec(slow, seconds=0), SINGLE, steps=_SLOW_STEPS))
    spec = bench.spec(slow, seconds=_SLOW_SECONDS)
    begun = time.monotonic()

    def heard(job: TrainingJob, event: GroupEvent) -> None:
        if event["kind"] == "checkpoint":
            job.stop(20.0)

    way: Strategy = {"technique": "fsdp", "devices": 2}
    event = await bench.train(spec, way, steps=_SLOW_STEPS, checkpoint_seconds=0.1, heard=heard)
    if event["kind"] != "stopped":
        raise error_of(event)
    result = await bench.result(spec, {"technique": "ddp", "devices": 2}, steps=_SLOW_STEPS)
    finding = compared(name, numbers(result), wanted, bench.kind, time.monotonic() - begun)
    if finding.status == "broken":
        return finding
    return Finding(
        name,
        "ok",
        f"{event.get('step')} of {_SLOW_STEPS} steps by fsdp and the rest by ddp equal one device "
        f"to {BOUNDS[bench.kind]:.0e}.",
    )


async def killed_rank(bench: Workbench) -> Finding:
    """Whether a rank that is killed is told as lost, not as a fault of the task."""

    def heard(job: TrainingJob, event: GroupEvent) -> None:
        if event["kind"] == "started":
            # Ranks are children of what they are forked from, or of this process when cold.
            family = psutil.Process().children(recursive=True)  # type: ignore[no-untyped-call]
            for process in family:
                if process.pid != bench.launcher.zygote.pid:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()

    event = await bench.train(
        bench.spec(slow, seconds=_SLOW_SECONDS), SINGLE, steps=1000, heard=heard
    )
    return _ended("killed rank", event, "lost")


async def hung_rank(bench: Workbench) -> Finding:
    """Whether a rank that others wait for in vain is noticed, with where it is."""
    name = "hung rank"
    if bench.most == 1:
        return Finding(name, "ok", "There is one device, so no rank waits for another.")
    limits = Limits(start=60.0, silence=_SILENCE)
    async with Workbench(_other(bench, "hung"), bench.node, limits=limits) as other:
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


async def two_sessions(bench: Workbench) -> Finding:
    """Whether a device that one session uses is kept from another."""
    refused: list[asyncio.Task[GroupEvent]] = []
    async with Workbench(_other(bench, "other"), bench.node) as other:
        spec = other.spec(stack)

        def heard(job: TrainingJob, event: GroupEvent) -> None:
            if event["kind"] == "started":
                refused.append(asyncio.create_task(other.train(spec, SINGLE, steps=STEPS)))

        mine = bench.spec(slow, seconds=_SLOW_SECONDS)
        event = await bench.train(mine, SINGLE, steps=3 * _SLOW_STEPS, heard=heard)
        if event["kind"] != "finished":
            raise error_of(event)
        answer = await refused[0]
    error = answer.get("error")
    if error is None or error["code"] != "device-busy":
        return Finding(
            "two sessions",
            "broken",
            f"A second session used the device of the first; it ended as {answer['kind']}.",
            "Please report this.",
            {"event": answer},
        )
    return Finding("two sessions", "ok", f"The second was told: {error['message']}")


async def truth(bench: Workbench) -> Finding:
    """Whether training takes as long as a trial says."""
    cell = measured(await bench.trial(bench.spec(stack), SINGLE))
    begun: list[float] = []

    def heard(job: TrainingJob, event: GroupEvent) -> None:
        begun.append(time.monotonic())
        if begun[-1] - begun[0] > _TRUTH_SECONDS:
            job.stop(20.0)

    event = await bench.train(bench.spec(stack), SINGLE, steps=1_000_000, heard=heard)
    if event["kind"] != "stopped":
        raise error_of(event)
    real = (begun[-1] - begun[0]) / max(1, event.get("step", 0))
    apart = real / cell["stepSeconds"] - 1
    seen = (
        f"A step took {real * 1e3:.2f} ms in training, {cell['stepSeconds'] * 1e3:.2f} ms in its "
        f"trial ({apart:+.0%})."
    )
    if abs(apart) <= _TRUTH:
        return Finding("truth of trials", "ok", seen)
    return Finding(
        "truth of trials",
        "warning",
        seen,
        "Other programs slow the machine, or it slows down as it gets warm: plans expect what "
        "trials measured.",
    )


def _other(bench: Workbench, name: str) -> SessionPaths:
    """Paths of another session in the folder of this one, removed with it."""
    return SessionPaths(name, bench.paths.folder.parent)


DEEP = (
    Exercise("communication", 300, communication, vital=True),
    Exercise("cold start", 90, cold_start),
    *(
        Exercise(f"{name}, all counts", 120, every_way(name))
        for name in technique_catalogue.built_in()
        if name not in ("single", "native")
    ),
    Exercise("switch of technique", 60, switch),
    Exercise("killed rank", 60, killed_rank),
    Exercise("hung rank", 90, hung_rank),
    Exercise("two sessions", 60, two_sessions),
    Exercise("truth of trials", 60, truth),
)

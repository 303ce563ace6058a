"""Minutes of real work: how devices talk, every technique, and faults."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from .. import technique_catalogue
from ..training.conformance.bounds import BOUNDS
from .communication_exercise import communication
from .exercise import Exercise
from .fault_exercises import failed_kernel, hung_rank, killed_rank, stop_in_step
from .finding import Finding
from .library_exercise import WRITTEN, as_written
from .memory_exercises import greedy_rank, memory, shared_gpu
from .probe_factories import slow, stack
from .quick_exercises import SINGLE, STEPS, compared, measured, numbers
from .technique_exercise import TECHNIQUE_SECONDS, every_setting
from .workbench import Workbench, error_of, other_paths

if TYPE_CHECKING:
    from ..agent.training_job import TrainingJob
    from ..generated.wire_types import GroupEvent, Strategy

_SLOW_SECONDS = 0.05
_SLOW_STEPS = 20
_TRUTH_SECONDS = 15.0
_TRUTH = 0.25
_SHORT_SECONDS = 0.01


async def cold_start(bench: Workbench) -> Finding:
    """How much later a rank is ready that is not forked."""
    forked = measured(await bench.trial(bench.spec(stack), SINGLE))["startSeconds"]
    async with Workbench(other_paths(bench, "cold"), bench.node, forks=False) as other:
        cold = measured(await other.trial(other.spec(stack), SINGLE))["startSeconds"]
    return Finding(
        "cold start",
        "ok",
        f"A forked rank is ready after {forked:.1f} s, one that loads PyTorch itself after "
        f"{cold:.1f} s.",
        facts={"forkedSeconds": forked, "coldSeconds": cold},
    )


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
    finding = compared(name, numbers(result), wanted, BOUNDS[bench.kind], time.monotonic() - begun)
    if finding.status == "broken":
        return finding
    return Finding(
        name,
        "ok",
        f"{event.get('step')} of {_SLOW_STEPS} steps by fsdp and the rest by ddp equal one device "
        f"to {BOUNDS[bench.kind]:.0e}.",
    )


async def two_sessions(bench: Workbench) -> Finding:
    """Whether a device that one session uses is kept from another."""
    refused: list[asyncio.Task[GroupEvent]] = []
    async with Workbench(other_paths(bench, "other"), bench.node) as other:
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
    if min(real, cell["stepSeconds"]) < _SHORT_SECONDS:
        return Finding(
            "truth of trials",
            "ok",
            f"{seen} So short a step is mostly agreement between processes, and no measure of "
            "this machine.",
        )
    return Finding(
        "truth of trials",
        "warning",
        seen,
        "Other programs slow the machine, or it slows down as it gets warm: plans expect what "
        "trials measured.",
    )


DEEP = (
    Exercise("communication", 300, communication, vital=True),
    Exercise("cold start", 90, cold_start),
    *(
        Exercise(f"{name}, all settings", TECHNIQUE_SECONDS, every_setting(name))
        for name in technique_catalogue.built_in()
        if name not in ("single", "native")
    ),
    *(Exercise(name, 240, as_written(name)) for name in WRITTEN),
    Exercise("switch of technique", 60, switch),
    Exercise("greedy rank", 120, greedy_rank),
    Exercise("shared GPU", 120, shared_gpu),
    Exercise("memory of trials", 120, memory),
    Exercise("killed rank", 60, killed_rank),
    Exercise("hung rank", 90, hung_rank),
    Exercise("failed kernel", 90, failed_kernel),
    Exercise("stop in a step", 90, stop_in_step),
    Exercise("two sessions", 60, two_sessions),
    Exercise("truth of trials", 60, truth),
)

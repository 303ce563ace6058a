"""Ten seconds of real work: ranks are forked, measured, trained, run out of memory, stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..agent.training_job import TrainingJob
from ..errors import SaturnError
from ..training.conformance.bounds import BOUNDS
from .exercise import Exercise
from .finding import Finding
from .probe_factories import hungry, stack
from .quantities import size
from .workbench import Workbench, error_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..generated.wire_types import GroupEvent, ProfileCell, Result, Strategy, TaskSpec

    Heard = Callable[[TrainingJob, GroupEvent], None]

SINGLE: Strategy = {"technique": "single", "devices": 1}
STEPS = 5
GRACE_SECONDS = 20.0
_ENDLESS = 1_000_000


async def fork(bench: Workbench) -> Finding:
    """Whether the first rank comes from the zygote, where torch is loaded already."""
    begun = time.monotonic()
    measured(await bench.trial(bench.spec(stack), SINGLE))
    seconds = time.monotonic() - begun
    cold = [warning for warning in bench.warnings if "cold" in warning]
    if bench.launcher.zygote.pid is None or cold:
        return Finding(
            "first rank",
            "warning",
            f"Ranks cannot be forked and start cold, which took {seconds:.1f} s: "
            f"{cold[0] if cold else 'the process they are forked from is gone'}",
            "Training works, each start takes seconds longer. The reason is in the file below.",
            {"seconds": round(seconds, 2), "warnings": bench.warnings},
        )
    return Finding(
        "first rank",
        "ok",
        f"PyTorch was loaded and a first rank forked from there in {seconds:.1f} s.",
        facts={"seconds": round(seconds, 2)},
    )


async def trial(bench: Workbench) -> Finding:
    """Whether a task can be measured."""
    cell = measured(await bench.trial(bench.spec(stack), SINGLE))
    facts = {
        name: cell.get(name)
        for name in ("startSeconds", "stepSeconds", "loadSeconds", "saveSeconds", "peakBytes")
    }
    return Finding(
        "trial",
        "ok",
        f"A rank was ready after {cell['startSeconds']:.1f} s, a step took "
        f"{cell['stepSeconds'] * 1e3:.2f} ms, a checkpoint {cell.get('saveSeconds', 0):.2f} s.",
        facts=facts,
    )


async def out_of_memory(bench: Workbench) -> Finding:
    """Whether wanting more than a device has is told as that, and leaves the device usable."""
    memory = bench.devices[0]["memoryBytes"]
    begun = time.monotonic()
    cell = await bench.trial(bench.spec(hungry, memory_bytes=2 * memory), SINGLE)
    seconds = time.monotonic() - begun
    if cell["status"] != "oom":
        error = cell.get("error", {"message": "it was not noticed"})
        return Finding(
            "out of memory",
            "broken",
            f"A step that wants {size(2 * memory)} of a device with {size(memory)} ended as "
            f"{cell['status']}: {error['message']}",
            "What does not fit would be measured, or tried, in vain: please report this.",
            {"cell": cell},
        )
    measured(await bench.trial(bench.spec(stack), SINGLE))
    return Finding(
        "out of memory",
        "ok",
        f"A step that wants {size(2 * memory)} of {size(memory)} was told as out of memory after "
        f"{seconds:.1f} s, and the device worked again.",
        facts={"seconds": round(seconds, 2)},
    )


def equals_single(technique: str) -> Callable[[Workbench], Awaitable[Finding]]:
    """Makes what trains by a technique on two devices and compares with one."""

    async def do(bench: Workbench) -> Finding:
        devices = min(2, bench.most)
        if devices == 1:
            return Finding(
                technique, "ok", "There is one device, so it was not tried on two.", None, {}
            )
        if not bench.reference:
            spec = bench.spec(stack, adam=True)
            bench.reference = numbers(await bench.result(spec, SINGLE, steps=STEPS))
        begun = time.monotonic()
        strategy: Strategy = {"technique": technique, "devices": devices}
        result = await bench.result(bench.spec(stack, adam=True), strategy, steps=STEPS)
        return compared(
            technique,
            numbers(result),
            bench.reference,
            BOUNDS[bench.kind],
            time.monotonic() - begun,
        )

    return do


async def checkpoint(bench: Workbench) -> Finding:
    """Whether training is stopped with a checkpoint, and goes on from there."""
    begun = time.monotonic()

    def stop_once(kind: str) -> Heard:
        def heard(job: TrainingJob, event: GroupEvent) -> None:
            if event["kind"] == kind:
                job.stop(GRACE_SECONDS)

        return heard

    return await stopped_twice(
        bench,
        "checkpoint and stop",
        bench.spec(stack, adam=True),
        (stop_once("checkpoint"), stop_once("started")),
        lambda stops: (
            f"Training was stopped after step {stops[0]} and went on from there, all in "
            f"{time.monotonic() - begun:.1f} s."
        ),
        checkpoint_seconds=0.1,
    )


async def stopped_twice(
    bench: Workbench,
    name: str,
    spec: TaskSpec,
    stoppers: Sequence[Heard],
    seen: Callable[[list[int]], str],
    **options: Any,
) -> Finding:
    """Whether a training goes on from where it was stopped.

    Parameters
    ----------
    stoppers
        Stop the training, and then the one that goes on: told of its events, with its job.
    seen
        What to say when it does, of the steps after which it was stopped.
    options
        As `Workbench.train`.
    """
    starts: list[int] = []
    stops: list[int] = []
    for stopper in stoppers:

        def heard(job: TrainingJob, event: GroupEvent, stopper: Heard = stopper) -> None:
            if event["kind"] == "started":
                starts.append(event.get("step", 0))
            stopper(job, event)

        event = await bench.train(spec, SINGLE, steps=_ENDLESS, heard=heard, **options)
        if event["kind"] != "stopped":
            raise error_of(event)
        stops.append(event.get("step", 0))
    facts = {"stops": stops, "resumed": starts[-1]}
    if stops[0] < 1 or starts[-1] != stops[0]:
        return Finding(
            name,
            "broken",
            f"Training that was stopped after step {stops[0]} went on from step {starts[-1]}.",
            "Training would lose steps when it is stopped: please report this.",
            facts,
        )
    return Finding(name, "ok", seen(stops), facts=facts)


def measured(cell: ProfileCell) -> ProfileCell:
    """A cell that tells of time. Raises SaturnError with why it does not."""
    if cell["status"] == "ok":
        return cell
    error = cell.get("error")
    if error is None:
        raise SaturnError("unexpected-end", f"The trial ended as {cell['status']}.")
    raise SaturnError.from_json(error)


def numbers(result: Result) -> dict[str, float]:
    """The numbers a training came to: its last loss, and what its model is worth."""
    found = {"training loss": result.get("loss"), **result["metrics"]}
    return {name: value for name, value in found.items() if value is not None}


def compared(
    name: str, found: dict[str, float], wanted: dict[str, float], bound: float, seconds: float
) -> Finding:
    """Whether the numbers of a training are those of another."""
    apart = {
        key: abs(found.get(key, float("inf")) - value) / max(1.0, abs(value))
        for key, value in wanted.items()
    }
    worst = max(apart, key=apart.__getitem__)
    facts = {"found": found, "wanted": wanted, "seconds": round(seconds, 2)}
    if not apart[worst] <= bound:
        return Finding(
            name,
            "broken",
            f"The {worst} is {found.get(worst)} instead of {wanted[worst]}, that of one device.",
            f"Exclude it (%saturn run --exclude {name.split()[0]}), and please report this.",
            facts,
        )
    return Finding(
        name,
        "ok",
        f"Trained {STEPS} steps in {seconds:.1f} s; losses equal those of one device to "
        f"{max(apart[worst], 1e-16):.0e}.",
        facts=facts,
    )


QUICK = (
    Exercise("first rank", 90, fork, vital=True),
    Exercise("trial", 60, trial),
    Exercise("out of memory", 60, out_of_memory),
    Exercise("ddp", 60, equals_single("ddp")),
    Exercise("fsdp", 60, equals_single("fsdp")),
    Exercise("checkpoint and stop", 60, checkpoint),
)

"""Memory: who is to blame when it is too little, when it is free again, how much there was."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING

from ..agent.driver_report import ask_driver
from ..errors import SaturnError
from ..nvidia_smi import MIB
from .finding import Finding
from .probe_factories import hungry, stack, wide
from .quantities import size
from .quick_exercises import SINGLE, measured
from .workbench import Workbench, error_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..agent.training_job import TrainingJob
    from ..generated.wire_types import GroupEvent, Strategy

_BALLAST = "jupyterlab_saturn.training.runtime.ballast"
_BALLAST_SHARE = 0.5
_WANTED_SHARE = 0.75
_BALLAST_SECONDS = 60.0
_RELEASE_SECONDS = 10.0
_NEAR_BYTES = 256 * MIB
_LOOK_SECONDS = 0.1
_LONG = 1_000_000


async def greedy_rank(bench: Workbench) -> Finding:
    """Whether one rank of two that has too little is told as out of memory, by all."""
    name = "greedy rank"
    if bench.most == 1:
        return Finding(name, "ok", "There is one device, so no rank has others.")
    wanted = 2 * bench.devices[1]["memoryBytes"]
    two: Strategy = {"technique": "ddp", "devices": 2}
    begun = time.monotonic()
    cell = await bench.trial(bench.spec(hungry, memory_bytes=wanted, glutton=1), two)
    seconds = time.monotonic() - begun
    if cell["status"] != "oom":
        return Finding(
            name,
            "broken",
            f"One rank of two wanted {size(wanted)}, and the trial ended as {cell['status']}.",
            "Please report this.",
            {"cell": cell},
        )
    measured(await bench.trial(bench.spec(stack), two))
    return Finding(
        name,
        "ok",
        f"Both ranks ended as out of memory after {seconds:.1f} s, and worked again.",
        facts={"seconds": round(seconds, 2)},
    )


async def shared_gpu(bench: Workbench) -> Finding:
    """Whether another program's memory is told as that, and how soon it is free once it is gone."""
    name = "shared GPU"
    device = bench.devices[0]
    if device["kind"] == "cpu":
        return Finding(name, "ok", "Not tried: there is no GPU that another program could hold.")
    before = _used(device["uuid"])
    async with _ballast(device) as ballast:
        wanted = int(_WANTED_SHARE * device["memoryBytes"])
        cell = await bench.trial(bench.spec(hungry, memory_bytes=wanted), SINGLE)
        ballast.kill()
        begun = time.monotonic()
        await ballast.wait()
    code = cell.get("error", {}).get("code", cell["status"])
    if code != "device-shared":
        return Finding(
            name,
            "broken",
            f"Another program held half of the GPU; a step that wants {size(wanted)} ended as "
            f"{code} instead of device-shared.",
            "What does fit would be told as too large: please report this.",
            {"cell": cell},
        )
    freed = await _freed(device["uuid"], before, begun)
    measured(await bench.trial(bench.spec(stack), SINGLE))
    facts = {"freedSeconds": freed, "cell": cell}
    if freed is None and before is not None:
        return Finding(
            name,
            "warning",
            f"{_RELEASE_SECONDS:g} s after a process was killed its memory was not free.",
            "The next job may find too little: see with nvidia-smi who holds it.",
            facts,
        )
    when = "" if freed is None else f"; its memory was free {freed:.1f} s after it was killed"
    return Finding(name, "ok", f"Another program is told as such{when}.", facts=facts)


async def memory(bench: Workbench) -> Finding:
    """Whether a trial tells the memory that training takes, and an inspection no more than that."""
    name = "memory of trials"
    told = (await bench.inspect(bench.spec(wide)))["feasibility"]
    [estimate] = [each.get("estimateBytes") for each in told if each["strategy"] == SINGLE]
    peak = measured(await bench.trial(bench.spec(wide), SINGLE)).get("peakBytes", 0)
    facts = {"estimateBytes": estimate, "peakBytes": peak}
    seen = f"A trial took {size(peak)}"
    if estimate is not None:
        seen += f", estimated as {size(estimate)} at least"
    if bench.kind == "cuda":
        used = await _used_in_training(bench)
        facts["driverBytes"] = used
        if used is not None:
            seen += f"; the driver says {size(used)} with all that CUDA takes for itself"
            if used < peak:
                return Finding(name, "warning", f"{seen}.", "Please report this.", facts)
    if estimate is not None and estimate > peak:
        return Finding(
            name, "warning", f"{seen}.", "What fits may be left out: please report this.", facts
        )
    return Finding(name, "ok", f"{seen}.", facts=facts)


async def _used_in_training(bench: Workbench) -> int | None:
    """How much more of the GPU is in use in training than before; None when that is not told."""
    uuid = bench.devices[0]["uuid"]
    before = _used(uuid)
    during: list[int | None] = []

    def heard(job: TrainingJob, event: GroupEvent) -> None:
        if event["kind"] == "checkpoint" and not during:
            during.append(_used(uuid))
            job.stop(20.0)

    event = await bench.train(
        bench.spec(wide), SINGLE, steps=_LONG, checkpoint_seconds=0.5, heard=heard
    )
    if event["kind"] != "stopped":
        raise error_of(event)
    return None if before is None or not during or during[0] is None else during[0] - before


@contextlib.asynccontextmanager
async def _ballast(device: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that holds half of a GPU. Raises SaturnError ``no-ballast``."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", _BALLAST, json.dumps(device), str(_BALLAST_SHARE)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        async with asyncio.timeout(_BALLAST_SECONDS):
            if not await program.stdout.readline():
                raise SaturnError("no-ballast", "Half of the GPU could not be taken.")
        yield program
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


async def _freed(uuid: str, before: int | None, begun: float) -> float | None:
    """After how long as much is in use as before; None when it is not told, or takes too long."""
    while before is not None and time.monotonic() - begun < _RELEASE_SECONDS:
        used = _used(uuid)
        if used is not None and used <= before + _NEAR_BYTES:
            return round(time.monotonic() - begun, 2)
        await asyncio.sleep(_LOOK_SECONDS)
    return None


def _used(uuid: str) -> int | None:
    """Bytes of a GPU, or of a part of one, that are in use; None when that is not told."""
    gpus = ask_driver().gpus
    known = {gpu.uuid: gpu.used for gpu in gpus}
    known |= {part.uuid: part.used for gpu in gpus for part in gpu.slices}
    used = known.get(uuid, "")
    return int(used) * MIB if used.isdigit() else None

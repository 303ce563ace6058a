"""A step of each technique, against the same written by hand: ``overhead.py`` is one rank."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

HERE = Path(__file__).parent
# Technique, ranks, size of the task.
CASES = [
    ("single", 1, "tiny"),
    ("single", 1, "small"),
    ("single", 1, "real"),
    ("ddp", 2, "tiny"),
    ("ddp", 2, "small"),
    ("ddp", 2, "real"),
    ("fsdp", 2, "real"),
    ("offload", 1, "real"),
    ("pipeline", 2, "real"),
    ("tensor", 2, "real"),
]
_WINDOW_SECONDS = 0.2  # as long as training runs between two agreements


@dataclass(frozen=True)
class Ratio:
    """How much more a step takes than by hand.

    Attributes
    ----------
    low, high
        About 95 of 100 such intervals hold the true median.
    """

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Overhead:
    """Ours against by hand, by the clock and by the work of the processor.

    The latter is the same however busy the machine is with other things.

    Attributes
    ----------
    bare
        Seconds of a step by hand.
    """

    clock: Ratio
    work: Ratio
    bare: float


def measure(technique: str, ranks: int, size: str, pairs: int) -> Overhead:
    """Compare in one group of processes, by turns, so that both meet the same disturbances."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.json")
        processes = [
            subprocess.Popen(
                [sys.executable, __file__, technique, size, str(rank), str(ranks),
                 str(Path(folder, "rendezvous")), str(pairs), str(out)],
                cwd=HERE,
            )
            for rank in range(ranks)
        ]  # fmt: skip
        try:
            codes = [process.wait(600) for process in processes]
        finally:
            for process in processes:
                process.kill()
        if any(codes):
            raise RuntimeError(f"{technique} on {ranks} ended with {codes}")
        found = json.loads(out.read_text())
    clock, work = zip(*found["ours"], strict=True)
    bare_clock, bare_work = zip(*found["bare"], strict=True)
    return Overhead(
        _ratio(clock, bare_clock), _ratio(work, bare_work), statistics.median(bare_clock)
    )


def _ratio(ours: Sequence[float], bare: Sequence[float]) -> Ratio:
    ratios = sorted(a / b for a, b in zip(ours, bare, strict=True))
    middle, reach = (len(ratios) - 1) / 2, math.sqrt(len(ratios))
    return Ratio(
        statistics.median(ratios),
        ratios[max(0, math.floor(middle - reach))],
        ratios[min(len(ratios) - 1, math.ceil(middle + reach))],
    )


def rank_main(
    technique: str, size: str, rank: int, ranks: int, meet: str, pairs: int
) -> dict[str, list[list[float]]]:
    """One rank: ours and by hand, window by window. Returns the seconds of a step in each."""
    import bare
    import models
    from jupyterlab_saturn.training.run.step_log import StepLog
    from jupyterlab_saturn.training.run.step_window import StepWindow
    from jupyterlab_saturn.training.run.training_observer import LoggedSteps
    from jupyterlab_saturn.training.run.workload import Workload
    from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
    from jupyterlab_saturn.training.techniques import TECHNIQUES, Context

    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, [cores[rank % len(cores)]])
    torch.set_num_threads(1)
    device = torch.device("cpu")
    world = ProcessGroup.join(rank, ranks, device, Path(meet))
    if ranks == 1 and technique != "single":
        world.mesh(device, one=1)  # a group of one, which the hand-written loop needs, too
    task = models.task(size)
    way = TECHNIQUES[technique]
    reason = way.feasible(task, ranks, "cpu")
    if reason is not None:
        raise SystemExit(f"{technique} on {ranks}: {reason}")
    knobs = way.choices(task, ranks)[0].knobs
    context = Context(world=world, device=device, steps=1_000_000, knobs=knobs)
    workload = Workload(task, way.build(task, context), 7, 1_000_000)
    by_hand = bare.loop(
        technique, models.task(size), rank, ranks, int(knobs.get("micro_batches", 1))
    )

    window = StepWindow(world)
    log = StepLog(
        Path(meet).parent / "log.jsonl",
        {"attempt": 1, "strategy": {"technique": technique, "devices": ranks}, "node": "bench",
         "devices": [f"cpu{place}" for place in range(ranks)]},
    )  # fmt: skip

    def advance() -> torch.Tensor:
        """A step of ours, kept for the log as training keeps it."""
        share = workload.advance()
        window.add_share(share, workload.runner)
        return share

    def settle() -> None:
        figures = window.settle(world.sum(window.sums())) if len(window) else []
        if figures:
            log.logged(
                LoggedSteps(
                    last=workload.step, ended_at=time.time(), figures=figures, step_seconds=1e-3,
                    samples=task.batch_size, peak_bytes=0,
                )
            )  # fmt: skip

    def seconds(step: Callable[[], torch.Tensor], steps: int) -> list[float]:
        """Of a step on the slowest rank, by the clock and of the processor."""
        begin, worked = time.perf_counter(), time.process_time()
        for _ in range(steps):
            share = step()
        share.item()
        settle()
        ended, done = time.perf_counter(), time.process_time()
        return world.max([(ended - begin) / steps, (done - worked) / steps])

    sides = {"ours": advance, "bare": by_hand.advance}
    for step in sides.values():
        seconds(step, 3)
    steps = max(1, round(_WINDOW_SECONDS / seconds(by_hand.advance, 5)[0]))
    times: dict[str, list[list[float]]] = {"ours": [], "bare": []}
    for turn in range(pairs):
        # A B, then B A: neither always comes after the other.
        for name in sorted(sides, reverse=turn % 2 == 1):
            times[name].append(seconds(sides[name], steps))
    return times


if __name__ == "__main__":
    name, size, rank, ranks, meet, pairs, out = sys.argv[1:]
    found = rank_main(name, size, int(rank), int(ranks), meet, int(pairs))
    if rank == "0":
        Path(out).write_text(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # other ranks may still talk

"""Tasks as people write them for GPUs: each is inspected, and trained on one device and on two."""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING, Any

from ..training.conformance.bounds import BOUNDS
from ..training.conformance.library_tasks import keyed, lightning, trainer
from .finding import Finding
from .probe_factories import weighted
from .quick_exercises import SINGLE, STEPS, compared, numbers
from .workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..generated.wire_types import Strategy

_BFLOAT16 = 2e-2

WRITTEN: dict[str, tuple[Callable[..., Any], tuple[str, ...], float]] = {
    "weighted loss": (weighted, (), 0.0),
    "batches of dicts": (keyed, ("transformers",), 0.0),
    "Trainer": (trainer, ("transformers", "accelerate"), _BFLOAT16),
    "LightningModule": (lightning, ("lightning", "pytorch_lightning"), 0.0),
}
"""How to make each, the libraries one of which it needs, and how exact its numbers are at best."""


def as_written(name: str) -> Callable[[Workbench], Awaitable[Finding]]:
    """Makes what trains a task by single, ddp and fsdp, and compares."""
    factory, libraries, coarse = WRITTEN[name]

    async def do(bench: Workbench) -> Finding:
        if libraries and not any(map(importlib.util.find_spec, libraries)):
            return Finding(name, "ok", f"Not tried: {' or '.join(libraries)} is not installed.")
        begun = time.monotonic()
        told = (await bench.inspect(bench.spec(factory)))["feasibility"]
        wanted = numbers(await bench.result(bench.spec(factory), SINGLE, steps=STEPS))
        ways: list[Strategy] = [
            each["strategy"]
            for each in told
            if each["feasible"]
            and each["strategy"]["devices"] == 2 <= bench.most
            and each["strategy"]["technique"] in ("ddp", "fsdp")
        ]
        tried = ["single"]
        for way in ways:
            found = numbers(await bench.result(bench.spec(factory), way, steps=STEPS))
            bound = max(coarse, BOUNDS[bench.kind])
            finding = compared(name, found, wanted, bound, time.monotonic() - begun)
            if finding.status == "broken":
                return finding
            tried.append(way["technique"])
        tried = list(dict.fromkeys(tried))
        return Finding(
            name,
            "ok",
            f"Trained by {', '.join(tried)} in {time.monotonic() - begun:.1f} s, to the same loss.",
            facts={"numbers": wanted},
        )

    return do

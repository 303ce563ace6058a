"""Every technique, with each of its settings, by the test that users' own techniques are put to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .finding import Finding
from .probe_program import told_by
from .workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..training.conformance.report import ReportJson

_CONFORMANCE = "jupyterlab_saturn.training.conformance"
_CHECKS = ("runs", "random", "evaluation", "from-single", "to-single")
_RANKS = "2,4"
_NOTHING = "it can run nothing"
TECHNIQUE_SECONDS = 300.0
_MARGIN_SECONDS = 5.0  # in which what did not end is ended from here


def every_setting(technique: str) -> Callable[[Workbench], Awaitable[Finding]]:
    """Makes what has a technique compared with one device, on two ranks and on four.

    Ranks beyond the number of GPUs share some.
    """

    async def do(bench: Workbench) -> Finding:
        name = f"{technique}, all settings"
        with bench.hold():
            told = await told_by(
                *(_CONFORMANCE, technique, "--devices", _RANKS, "--kind", bench.kind),
                *("--json", "--checks", *_CHECKS),
                seconds=TECHNIQUE_SECONDS - _MARGIN_SECONDS,
                variables=_visible(bench),
                codes=(0, 1),  # 1: it does not conform
            )
        report: ReportJson = json.loads(told)
        failed = [check for check in report["checks"] if not check["passed"]]
        if failed and failed[0]["detail"].startswith(_NOTHING):
            return Finding(name, "ok", f"Not tried here: {failed[0]['detail']}.")
        facts = {"checks": report["checks"]}
        if failed:
            seen = "; ".join(f"{check['name']}: {check['detail']}" for check in failed)
            return Finding(
                name,
                "broken",
                seen,
                f"Exclude it (%saturn run --exclude {technique}), and please report this.",
                facts,
            )
        return Finding(
            name,
            "ok",
            "Losses, weights and dropout equal those of one device; checkpoints go there and back.",
            facts=facts,
        )

    return do


def _visible(bench: Workbench) -> dict[str, str]:
    uuids = [device["uuid"] for device in bench.devices[: bench.most] if "uuid" in device]
    return {"CUDA_VISIBLE_DEVICES": ",".join(uuids)}

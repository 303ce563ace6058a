"""How the devices of this machine talk: by which collectives, and how fast."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from ..errors import SaturnError
from .finding import Finding
from .probe_program import told_by
from .quantities import size
from .workbench import Workbench

if TYPE_CHECKING:
    from ..training.runtime.collectives_probe import CollectivesAnswer

_COLLECTIVES = "jupyterlab_saturn.training.runtime.collectives_probe"
_TALK_SECONDS = 60.0
_CURES = (
    {"NCCL_P2P_DISABLE": "1"},
    {"NCCL_P2P_DISABLE": "1", "NCCL_SHM_DISABLE": "1"},
)
"""Settings of NCCL, tried one after another where it fails."""


async def communication(bench: Workbench) -> Finding:
    """Whether ranks can talk by the collectives that training uses."""
    name = "communication"
    if bench.most == 1:
        return Finding(name, "ok", "There is one device, which has nobody to talk to.")
    found: list[str] = []
    rates: dict[str, float] = {}
    for count in dict.fromkeys((2, bench.most)):
        try:
            rates = await _talk(bench, count, {})
        except SaturnError as error:
            cure = await _cure(bench, count) if bench.kind == "cuda" else None
            raise SaturnError(
                error.code,
                f"Between {count} devices: {error.message}",
                f"With {cure} it works: set that where Jupyter is started." if cure else error.hint,
            ) from error
        slowest = min(rates, key=rates.__getitem__)
        found.append(f"{count} devices, the slowest pair {slowest} at {size(rates[slowest])}/s")
    return Finding(
        name, "ok", f"All collectives are right: {'; '.join(found)}.", facts={"rates": rates}
    )


async def _cure(bench: Workbench, count: int) -> str | None:
    for variables in _CURES:
        try:
            await _talk(bench, count, variables)
        except SaturnError:
            continue
        return " ".join(f"{name}={value}" for name, value in variables.items())
    return None


async def _talk(bench: Workbench, count: int, variables: dict[str, str]) -> dict[str, float]:
    """Bytes a second between each two. Raises SaturnError with what is wrong."""
    meeting = bench.paths.runtime / f"talk-{secrets.token_hex(4)}"
    try:
        answer: CollectivesAnswer = json.loads(
            await told_by(
                *(_COLLECTIVES, json.dumps(bench.devices[:count]), str(meeting)),
                seconds=_TALK_SECONDS,
                variables=variables,
            )
        )
    finally:
        meeting.unlink(missing_ok=True)
    if answer["wrong"]:
        raise SaturnError("wrong-result", f"{', '.join(answer['wrong'])} came to a wrong result.")
    return answer["rates"]

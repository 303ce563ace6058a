"""The ways to run a task, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import Json, SaturnError
from ...paths import SessionPaths
from .context import Context, Knobs
from .custom import load_technique
from .ddp import DataParallel
from .fsdp import FullySharded
from .hsdp import HybridSharded
from .offload import Offloaded
from .runner import Runner, State
from .single import Single
from .technique import Choice, DeviceKind, Technique

TECHNIQUES: dict[str, Technique] = {
    technique.name: technique
    for technique in (
        Single(),
        DataParallel(),
        FullySharded(),
        HybridSharded(),
        Offloaded(),
    )
}


def catalogue(specs: Sequence[Json], paths: SessionPaths) -> dict[str, Technique]:
    """The techniques there are, and those of wire ``TechniqueSpec`` objects.

    Raises
    ------
    SaturnError
        As `load_technique`.
    """
    return {**TECHNIQUES, **{spec["name"]: load_technique(spec, paths) for spec in specs}}


def find(name: str, techniques: Mapping[str, Technique]) -> Technique:
    """The technique of a name. Raises SaturnError ``unknown-technique``."""
    try:
        return techniques[name]
    except KeyError:
        raise SaturnError(
            "unknown-technique",
            f"There is no technique {name!r}.",
            f"There are: {', '.join(techniques)}.",
        ) from None


__all__ = [
    "TECHNIQUES",
    "Choice",
    "Context",
    "DeviceKind",
    "Knobs",
    "Runner",
    "State",
    "Technique",
    "catalogue",
    "find",
]

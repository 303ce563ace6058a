"""The ways to run a task, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import SaturnError
from ...paths import SessionPaths
from .context import Context, Knobs
from .custom import BaseTechnique, load_technique, make_technique
from .ddp import DataParallel
from .fsdp import FullySharded
from .fsdp_tensor import ShardedTensor
from .hsdp import HybridSharded
from .offload import Offloaded
from .pipeline import Pipeline
from .runner import Runner, State
from .single import Single
from .technique import Choice, DeviceKind, Technique, why_not_data_parallel
from .tensor import TensorParallel

if TYPE_CHECKING:
    from ...generated.wire_types import TechniqueSpec

TECHNIQUES: dict[str, Technique] = {
    technique.name: technique
    for technique in (
        Single(),
        DataParallel(),
        FullySharded(),
        HybridSharded(),
        Offloaded(),
        Pipeline(),
        TensorParallel(),
        ShardedTensor(),
    )
}


def catalogue(specs: Sequence[TechniqueSpec], paths: SessionPaths) -> dict[str, Technique]:
    """The techniques there are, and those of wire ``TechniqueSpec`` objects.

    Raises
    ------
    SaturnError
        ``bad-technique``, as `load_technique` and `require_free`.
    """
    for spec in specs:
        require_free(spec["name"])
    return {**TECHNIQUES, **{spec["name"]: load_technique(spec, paths) for spec in specs}}


def require_free(name: str) -> None:
    """Raises SaturnError ``bad-technique`` when a name is that of a technique of the package."""
    if name in TECHNIQUES:
        raise SaturnError(
            "bad-technique",
            f"{name!r} is the name of a technique that comes with the package.",
            "Give yours another name.",
        )


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
    "BaseTechnique",
    "Choice",
    "Context",
    "DeviceKind",
    "Knobs",
    "Runner",
    "State",
    "Technique",
    "catalogue",
    "find",
    "make_technique",
    "require_free",
    "why_not_data_parallel",
]

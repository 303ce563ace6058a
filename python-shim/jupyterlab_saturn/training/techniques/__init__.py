"""The ways to run a task, by name."""

from __future__ import annotations

from ...errors import SaturnError
from .context import Context
from .ddp import DataParallel
from .fsdp import FullySharded
from .runner import Runner, State
from .single import Single
from .technique import Technique

TECHNIQUES: dict[str, Technique] = {
    technique.name: technique for technique in (Single(), DataParallel(), FullySharded())
}


def technique(name: str) -> Technique:
    """The technique of a name. Raises SaturnError ``unknown-technique``."""
    try:
        return TECHNIQUES[name]
    except KeyError:
        raise SaturnError(
            "unknown-technique",
            f"There is no technique {name!r}.",
            f"There are: {', '.join(TECHNIQUES)}.",
        ) from None


__all__ = ["TECHNIQUES", "Context", "Runner", "State", "Technique", "technique"]

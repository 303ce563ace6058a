"""How a rank group ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..cuda_errors import DEVICE_FAULTS

if TYPE_CHECKING:
    from ..generated.wire_types import Failure
    from .group_record import LastWord

Kind = Literal["finished", "stopped", "failed", "oom", "lost"]

HUNG = "rank-hung"
"""Code of the failure of ranks that wait for each other in vain."""

ZYGOTE_LOST = "zygote-lost"
SOCKETS_LOST = "sockets-lost"
"""Codes of losses that are no fault of the ranks or their task: of what the agent gave them."""


@dataclass(frozen=True)
class GroupOutcome:
    """The one end of a rank group."""

    kind: Kind
    step: int | None = None
    """Completed steps, or those of the last checkpoint when stopped by force."""
    error: Failure | None = None
    word: LastWord | None = None
    """The rank's last event of a finished job: its result or cell."""


def is_of_device(failure: Failure | None) -> bool:
    """Whether a failure is a device's, and no task's."""
    return failure is not None and failure["code"] in DEVICE_FAULTS


def is_agents_loss(failure: Failure | None) -> bool:
    """Whether ranks were lost with something that the agent gave them, so that it is repeated."""
    return failure is not None and failure["code"] in (ZYGOTE_LOST, SOCKETS_LOST)

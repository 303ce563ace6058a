"""What is known of a rank group: what its ranks said and did, until all are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..wire import validate

if TYPE_CHECKING:
    from ..generated.wire_types import Failure
    from ..training.runtime.event_sender import (
        CellEvent,
        FailureEvent,
        FinishedEvent,
        ProgressEvent,
    )

    LastWord = FinishedEvent | ProgressEvent | CellEvent


@dataclass
class GroupRecord:
    """What is known of a group's ranks."""

    ranks: int
    devices: Sequence[str] = ()
    """Ids of the ranks' devices, in their order."""
    first: int = 0
    """What the first of them is in its group, which may have others on other nodes."""
    failures: list[FailureEvent] = field(default_factory=list)
    """Events ``failed``, ``oom`` and ``lost``, in the order they came."""
    exits: list[tuple[int, int]] = field(default_factory=list)
    """Rank and exit code (negative: signal) of ranks that left before they were killed."""
    last_word: LastWord | None = None
    """The event ``finished``, ``stopped`` or ``trial``."""
    members_over: bool = False
    """Whether of a run of several tasks each has had its last word, so that none is left to say
    how it has ended."""
    safe_step: int | None = None
    """Steps held by the newest committed checkpoint."""
    stopping: bool = False
    expired: float | None = None
    """The deadline in seconds, once it has passed."""
    hung: float | None = None
    """For how many seconds no step was made, once that was too long."""
    began: bool = False
    """Whether the first step could begin."""
    refused: Failure | None = None
    """Why the ranks could not be started."""
    orphaned: bool = False
    """Whether ranks ended with the zygote that they were forked from."""
    lost_sockets: bool = False
    """Whether the folder was removed in which processes meet, or the socket of the agent there."""
    memory_kills: int = 0
    """Processes that the system's out-of-memory killer ended meanwhile, of this group or another
    job beside it."""
    undying: list[int] = field(default_factory=list)
    """Ranks of which a process does not die, though it was killed."""

    def number(self, rank: int) -> int:
        """What one of these ranks is in its group."""
        return self.first + rank

    def with_device(self, failure: Failure, rank: int) -> Failure:
        """A failure that is the fault of a rank's device, unless it names one."""
        if "devices" in failure or rank >= len(self.devices):
            return failure
        return {**failure, "devices": [self.devices[rank]]}


def failure_of(event: FailureEvent, first: int = 0) -> Failure:
    """What a rank says of its failure; of anything else a sentence.

    Parameters
    ----------
    first
        See `GroupRecord`.
    """
    error: Any = event.get("error")
    try:
        validate("Failure", error)
        failure: Failure = error
        return failure
    except SaturnError:
        message = f"Rank {first + event['rank']} failed: {str(error)[:2000]}"
        return {"code": "rank-failed", "message": message}

"""What a kind of loop is: how to know it, to begin it, and to follow it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import SaturnError
from ...paths import SessionPaths
from ..components.scalars import Means
from ..run.attempt_claim import NO_CLAIM, AttemptClaim
from ..runtime.device import RankDevice
from ..runtime.interception import Interception
from ..runtime.process_group import ProcessGroup
from .monitor import Monitor

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec


@dataclass(frozen=True, kw_only=True)
class NativeRun:
    """What loops are to know of the run they are part of.

    Attributes
    ----------
    paths
        Of the session that the task belongs to.
    folder
        For what the loop writes: its checkpoints, its logs.
    identity
        What is trained; checkpoints of something else are as good as none.
    keeps
        Whether what it writes is kept; a trial's is not.
    claim
        Of the attempt that trains; see `AtomicCheckpoints`.
    device
        None where the loop is only looked at.
    logged
        What is logged in the step that is being made; to be taken at its end.
    """

    spec: TaskSpec
    paths: SessionPaths
    world: ProcessGroup
    monitor: Monitor
    folder: Path
    identity: str
    keeps: bool
    claim: AttemptClaim = NO_CLAIM
    device: RankDevice | None = None
    logged: Means = field(default_factory=Means)


class NativeLoop(ABC):
    """A kind of loop: found by its file, so that a file is all there is to add.

    Its module must not import the library that it is for.
    """

    run: NativeRun
    """Set before anything else is asked."""

    def interceptions(self) -> Sequence[Interception]:
        """Methods of the library through which its loop is set up and followed."""
        return ()

    @abstractmethod
    def claims(self, made: Any) -> bool:
        """Whether what a function returned has this loop, still to begin. Quick."""

    @abstractmethod
    def begin(self, made: Any) -> None:
        """Run the loop of what this claims, as its user would."""

    @abstractmethod
    def was_followed(self) -> bool:
        """Whether such a loop ran, whoever began it."""

    @abstractmethod
    def export(self, made: Any) -> Path | None:
        """Write the trained model. A collective.

        Parameters
        ----------
        made
            What the function returned.

        Returns
        -------
        Path | None
            The file or the folder; None when there is no model to write.
        """

    def evaluate(self) -> dict[str, float]:
        """Metrics of the trained model on held-out data; none when there is none. A collective."""
        return {}

    def best_step(self) -> int | None:
        """The step whose model is kept, where that is the best one and not the last."""
        return None


def refuse_length(spec: TaskSpec, how: str) -> None:
    """Raises SaturnError ``bad-length`` where a length is given that cannot be honoured.

    Parameters
    ----------
    how
        What decides how long the loop is.
    """
    given = [f"--{name}" for name in ("steps", "epochs") if name in spec]
    if given:
        raise SaturnError(
            "bad-length",
            f"{' and '.join(given)} cannot make the loop of {spec['sweep']} longer or shorter: "
            f"{how}.",
            "Give the function a parameter for it, and sweep over that.",
        )

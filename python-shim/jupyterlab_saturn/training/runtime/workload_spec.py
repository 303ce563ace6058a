"""Which task a group of ranks is to build, and how it is to be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...paths import SessionPaths

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy, TaskSpec, TechniqueSpec


@dataclass(frozen=True, kw_only=True)
class WorkloadSpec:
    """Which task a group of ranks is to build, and how it is to be run.

    Attributes
    ----------
    task
        Wire ``TaskSpec``.
    strategy
        Wire ``Strategy``, of as many devices as there are ranks.
    paths
        Of the session that the task belongs to.
    techniques
        Wire ``TechniqueSpec`` objects: techniques of the user's own.
    attempt
        Number of this attempt to train the task; 0 where it is only tried.
    signature
        That the task had when it was inspected; empty when that is no matter.
    assumed
        Whether not it was inspected, but one like it.
    """

    task: TaskSpec
    strategy: Strategy
    paths: SessionPaths
    techniques: tuple[TechniqueSpec, ...] = ()
    attempt: int = 0
    signature: str = ""
    assumed: bool = False

    def identity(self, steps: int) -> str:
        """What a checkpoint must be of to be gone on from: a schedule depends on the length, too.

        Parameters
        ----------
        steps
            Optimizer steps in all.
        """
        trained = self.task.get("trainingHash", self.task["hash"])
        return f"{trained}/seed-{self.task['seed']}/steps-{steps}"

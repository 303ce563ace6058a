"""Which task a group of ranks is to build, and how it is to be run."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Json
from ...paths import SessionPaths


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
    """

    task: Json
    strategy: Json
    paths: SessionPaths
    techniques: tuple[Json, ...] = ()

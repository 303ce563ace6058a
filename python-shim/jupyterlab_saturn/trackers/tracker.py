"""What a tracker is to the exporter: a place for runs that are told points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ..generated.wire_types import Argument

Outcome = Literal["running", "finished", "failed", "stopped"]
"""How a task is. `stopped`: by a user or a rule, or taken out before its end."""

PointKind = Literal["step", "eval"]


@dataclass(frozen=True)
class TrainedBy:
    """Under what steps were trained, from one of them on."""

    attempt: int
    strategy: str
    node: str
    devices: int

    def __str__(self) -> str:
        return f"{self.strategy} on {self.devices} of {self.node}, attempt {self.attempt}"


@dataclass(frozen=True)
class Point:
    """Numbers of a step, or of an evaluation after it, by the names they have in trackers.

    `time` is in seconds since the epoch. `begins` is there where another segment begins with it.
    """

    step: int
    time: float
    kind: PointKind
    values: Mapping[str, float]
    begins: TrainedBy | None = None


class Marks(NamedTuple):
    """The highest step, and the highest step with an evaluation, that are told; -1 for none."""

    steps: int = -1
    evals: int = -1


@dataclass(frozen=True)
class Run:
    """A task as trackers know it: one training of it, from its first step on.

    Parameters
    ----------
    key
        Tells it from all others: of the same task too, taken out and trained anew.
    folder
        A name that no other run of the session has.
    label
        What people call it.
    points_of
        Key of the sweep of which it is a point, which no other sweep has; None of a task alone.
    project
        What its own code files it under, if it says so.
    """

    session: str
    key: str
    task: str
    folder: str
    label: str
    sweep: str
    points_of: str | None
    project: str | None
    parameters: Mapping[str, Argument]
    facts: Mapping[str, int | float | str]


@dataclass(frozen=True)
class Ending:
    """How a task ended, and why, if it did not finish. `model` is the path of its weights."""

    outcome: Outcome
    model: str | None = None
    reason: str | None = None


class TrackedRun(ABC):
    """A run of a tracker. All methods raise whatever the tracker raises; it is then opened anew."""

    @abstractmethod
    def told(self) -> Marks | None:
        """What its tracker has of it for certain; None where telling the same again adds nothing.

        Asked once, before anything is told.
        """

    @abstractmethod
    def tell(self, points: Sequence[Point]) -> None:
        """Tell points, in the order in which they were made."""

    @abstractmethod
    def end(self, ending: Ending) -> None:
        """Tell how the task ended. It may be opened again when the task goes on."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it; of one that has not ended, too. Raises nothing."""


class Tracker(ABC):
    """A tracker that is told of a session.

    Parameters
    ----------
    folder
        What is its own of the session's folder; there already.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def place(self) -> str:
        """Where people find what it was told: a folder, or an address without password."""
        return str(self.folder)

    @abstractmethod
    def open(self, run: Run) -> TrackedRun:
        """Begin a run, or go on with the one of that key."""

    def end_sweep(self, key: str, page: Callable[[], str] | None) -> None:
        """Tell that all tasks of a sweep have ended, of which some may go on later.

        The same may be told again.

        Parameters
        ----------
        key
            As `Run.points_of` has it.
        page
            Makes a page of HTML of the session as it is; it may raise. None where the session does
            not have the sweep any more.
        """
        return

    def close(self) -> None:
        """Let go of it, once its runs are closed."""
        return

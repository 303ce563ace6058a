"""What an agent and its zygote say to each other: lines of JSON."""

from __future__ import annotations

from typing import Literal, TypedDict


class SpawnOrder(TypedDict):
    """Fork a rank. ``id`` names it in what is told of it; the others are paths."""

    op: Literal["spawn"]
    id: str
    request: str
    rank: int
    log: str


class Ready(TypedDict):
    op: Literal["ready"]


class Unsafe(TypedDict):
    """It cannot be forked, and leaves."""

    op: Literal["unsafe"]
    reason: str


class Spawned(TypedDict):
    op: Literal["spawned"]
    id: str
    pid: int


class Stale(TypedDict):
    """It forks no more: ``file``, which it has loaded, is not what it was. The answer to ``id``."""

    op: Literal["stale"]
    id: str
    file: str


class Refused(TypedDict):
    """The system gives no further process. The answer to ``id``."""

    op: Literal["refused"]
    id: str
    reason: str


class Exited(TypedDict):
    """A rank is over; its exit code is negative for the signal that killed it."""

    op: Literal["exited"]
    id: str
    pid: int
    code: int


ZygoteMessage = Ready | Unsafe | Stale | Refused | Spawned | Exited
"""What the agent is told."""

"""Which of the tasks that wait to be inspected may begin, beside those that are."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from ...generated.wire_types import TaskSpec

_FIRST_SECONDS = 20.0
"""For which the first is waited for: what it loads, and how much memory it takes, tells of all."""
_MOST_CHILDREN = 4
"""Times as many as work: some wait for what another finds out."""
_MOST_AGAIN = 3


class InspectionQueue:
    """Tasks in their order, those that must be alone when there is nobody else.

    Parameters
    ----------
    workers
        Tasks that may be worked on at a time.
    room_bytes
        Memory for all together.
    """

    def __init__(self, tasks: Sequence[TaskSpec], workers: int, room_bytes: int) -> None:
        self._waiting = deque(tasks)
        self._workers = workers
        self._room_bytes = room_bytes
        self._alone: set[str] = set()
        """Names of tasks that are to be inspected alone."""
        self._again: dict[str, int] = {}
        """By payload, how many of its tasks were put back more often than others came through."""
        self._peak = 0
        self._first_until = 0.0

    def __bool__(self) -> bool:
        """Whether any task waits."""
        return bool(self._waiting)

    def next(self, children: Collection[int], busy: int) -> tuple[TaskSpec, bool] | None:
        """The task to begin with now, if any, and whether it is alone then.

        Parameters
        ----------
        children
            Process ids of those that are inspected, of which none must be alone.
        busy
            How many of them wait for nothing.
        """
        if not self._waiting:
            return None
        if self._workers == 1:
            return None if children else (self._waiting[0], True)
        spec = next((spec for spec in self._waiting if not self._goes_alone(spec)), None)
        if not children:
            return (self._waiting[0], True) if spec is None else (spec, False)
        if spec is None or self.first_seconds is not None or busy >= self._workers:
            return None
        return (spec, False) if self._has_room(children) else None

    def begin(self, spec: TaskSpec) -> None:
        """A task waits no longer."""
        self._waiting.remove(spec)
        if self._first_until == 0.0:
            self._first_until = time.monotonic() + _FIRST_SECONDS

    def put_back(self, spec: TaskSpec) -> None:
        """A task must be alone, which it was not."""
        self._again[spec["payload"]] = self._again.get(spec["payload"], 0) + 1
        self._alone.add(spec["name"])
        self._waiting.appendleft(spec)

    def came_through(self, spec: TaskSpec) -> None:
        """A task needed not be alone."""
        self._again[spec["payload"]] = max(0, self._again.get(spec["payload"], 0) - 1)

    def ended(self, resident: int) -> None:
        """A child has ended, which had so many bytes in memory at most."""
        self._peak = max(self._peak, 1, _own(resident))

    @property
    def first_seconds(self) -> float | None:
        """For how long the first is waited for still; None when it is not."""
        left = self._first_until - time.monotonic()
        return left if not self._peak and left > 0 else None

    def _goes_alone(self, spec: TaskSpec) -> bool:
        return spec["name"] in self._alone or self._again.get(spec["payload"], 0) >= _MOST_AGAIN

    def _has_room(self, children: Collection[int]) -> bool:
        """Whether one more may be there, and become as large as the largest so far."""
        count = len(children)
        if count >= _MOST_CHILDREN * self._workers:
            return False
        sizes = [self._peak, *(_own(_resident(pid)) for pid in children)]
        return (count + 1) * max(sizes) <= self._room_bytes


def _own(resident: int) -> int:
    """Of a child's memory what it does not share with this process."""
    return max(0, resident - _resident(os.getpid()))


def _resident(pid: int) -> int:
    """Bytes of a process in memory; 0 when it is gone."""
    try:
        resident: int = psutil.Process(pid).memory_info().rss  # type: ignore[no-untyped-call]
    except psutil.Error:
        return 0
    return resident

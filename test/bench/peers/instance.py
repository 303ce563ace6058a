"""A benchmark case as its peers read it: integer seconds, devices without names."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Instance:
    """A plain planning problem: minimise the makespan."""

    nodes: list[int]
    """Devices of each node."""
    jobs: list[list[tuple[int, int]]]
    """Per job its configurations: devices, seconds."""
    hint: list[dict[str, int]] | None
    """Per job a known plan's ``config``, ``node`` and ``start``."""
    seconds: float
    """Time the peer may take."""

    @classmethod
    def read(cls) -> Instance:
        """From standard input."""
        data: dict[str, Any] = json.load(sys.stdin)
        jobs = [[(int(g), int(r)) for g, r in configs] for configs in data["jobs"]]
        return cls(data["nodes"], jobs, data.get("hint"), data["seconds"])

    @property
    def horizon(self) -> int:
        """An end by which every job can be done: one after another."""
        return sum(min(seconds for _, seconds in configs) for configs in self.jobs)


def answer(makespan: float | None, bound: float, status: str, seconds: float) -> None:
    """To standard output."""
    json.dump(
        {"makespan": makespan, "bound": bound, "status": status, "seconds": seconds}, sys.stdout
    )

"""The tasks of a grid, one of each point; and what all points of a search have in common."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .capture import Captured
from .sweep import Grid, Value

if TYPE_CHECKING:
    from ..generated.wire_types import TaskSpec

_NAME_LENGTH = 100


@dataclass(frozen=True)
class Factory:
    """A function that makes tasks, and what holds for each of them.

    Attributes
    ----------
    name
        Of the function.
    captured
        The function by value.
    epochs, steps
        Length, instead of the one the `Task` says.
    seed
        Of every task.
    native
        The function trains by itself.
    origin
        Id of the notebook cell it comes from.
    """

    name: str
    captured: Captured
    epochs: float | None = None
    steps: int | None = None
    seed: int = 0
    native: bool = False
    origin: str | None = None

    def template(self) -> TaskSpec:
        """A spec of no point, of which the engine makes those of the points that it chooses."""
        spec = self._spec(_task_name(self.name, ()), {}, ())
        if self.captured.source:
            spec["source"] = self.captured.source
        return spec

    def expand(self, grid: Grid) -> list[TaskSpec]:
        """A spec for each point of the grid, in the order of the sweep.

        Raises
        ------
        SaturnError
            ``duplicate-task`` when two points get the same name.
        """
        specs: dict[str, TaskSpec] = {}
        for point in itertools.product(*grid.values()):
            name = _task_name(self.name, point)
            if name in specs:
                raise SaturnError(
                    "duplicate-task",
                    f"Two tasks of the sweep would be called {name!r}.",
                    "Leave out values that differ only in special characters.",
                )
            params = {key: value.value for key, value in zip(grid, point, strict=True)}
            identity = (params, self.epochs, self.steps, self.seed, *(["native"] * self.native))
            specs[name] = self._spec(name, params, identity)
        if self.captured.source:
            next(iter(specs.values()))["source"] = self.captured.source
        return list(specs.values())

    def _spec(self, name: str, params: dict[str, Any], identity: tuple[Any, ...]) -> TaskSpec:
        captured = self.captured
        digest = _digest(captured.fingerprint, *identity)
        trains = _digest(captured.training, *identity)
        spec: TaskSpec = {
            "name": name,
            "sweep": self.name,
            "params": params,
            "seed": self.seed,
            "payload": captured.file,
            "hash": digest,
        }
        if trains != digest:
            spec["trainingHash"] = trains
        if captured.world is not None:
            spec["world"] = captured.world
        if self.epochs is not None:
            spec["epochs"] = self.epochs
        if self.steps is not None:
            spec["steps"] = self.steps
        if self.native:
            spec["native"] = True
        if self.origin:
            spec["origin"] = self.origin
        return spec


def _digest(*identity: Any) -> str:
    return hashlib.sha256(repr(identity).encode()).hexdigest()[:32]


def _task_name(function: str, point: Sequence[Value]) -> str:
    name = "-".join([function.lstrip("_") or "task", *(value.text for value in point)])
    name = re.sub(r"[^A-Za-z0-9._+=-]", "_", name)
    if not name[0].isalnum():
        name = f"task-{name}"
    if len(name) <= _NAME_LENGTH:
        return name
    return f"{name[: _NAME_LENGTH - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

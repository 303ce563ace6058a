"""In which interpreter and with which variables the ranks of a task run: those of its notebook."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from ..paths import SessionPaths
from ..wire import validate
from .agent_launch import lasting
from .event_receiver import EventReceiver

if TYPE_CHECKING:
    from ..generated.wire_types import World

_ALWAYS = {"PYTHONUNBUFFERED": "1"}
_LISTENER = "secrets"
_RUN_AGAIN = "Run the task's cell again."
_OF_A_MACHINE = frozenset(
    {
        *("CUDA_VISIBLE_DEVICES", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "HOSTNAME"),
        *("NVIDIA_VISIBLE_DEVICES", "SSH_AUTH_SOCK", "TEMP", "TMP", "TMPDIR", "XDG_RUNTIME_DIR"),
    }
)
"""Variables whose values on one machine mean nothing on another."""


@dataclass(frozen=True)
class Surroundings:
    """Of ranks that may come from one zygote: all in which they equal each other.

    Attributes
    ----------
    python
        Path of the interpreter.
    variables
        All environment variables.
    """

    python: str
    variables: Mapping[str, str]

    def command(self, command: Sequence[str]) -> tuple[str, ...]:
        """A program of this process's interpreter, with the one of these surroundings instead."""
        return tuple(self.python if word == sys.executable else word for word in command)

    @classmethod
    def own(cls) -> Surroundings:
        """Those of this process."""
        return cls(sys.executable, {**lasting(os.environ), **_ALWAYS})


class SurroundingsRegistry:
    """Finds the surroundings of tasks; remembers the secrets that kernels tell, in memory only.

    On a node that is not the session's own no kernel tells any: what it has of them by itself, it
    gives to tasks that look for them.
    """

    def __init__(self, paths: SessionPaths, events: EventReceiver) -> None:
        self._paths = paths
        self._events = events
        self._own = Surroundings.own()
        self._secrets: dict[str, dict[str, str]] = {}
        events.register(_LISTENER, self._hear)

    def of(self, world: str | None) -> Surroundings:
        """Those of the tasks of a world; this process's for tasks without any.

        Parameters
        ----------
        world
            Name of a file in the payloads folder.

        Raises
        ------
        SaturnError
            ``no-world`` when the file is unreadable; ``no-interpreter`` when the interpreter is not
            here, on another node ``no-folder`` when the working folder is not; ``missing-secret``
            when a variable that the notebook has set is not known here.
        """
        if world is None:
            return self._own
        self._events.drain()  # a secret told before the task is known before it
        told = self._read(world)
        self._require_places(told)
        secrets = {**self._own.variables, **self._secrets.get(world, {})}
        missing = [name for name, set_ in told["secrets"].items() if set_ and name not in secrets]
        if missing:
            raise self._missing(missing)
        known = {name: secrets[name] for name in told["secrets"] if name in secrets}
        variables = {**told["variables"], **known}
        if self._paths.node is not None:
            own = self._own.variables
            variables = {n: v for n, v in variables.items() if n not in _OF_A_MACHINE}
            variables |= {name: own[name] for name in _OF_A_MACHINE & own.keys()}
        return Surroundings(told["python"], {**variables, **_ALWAYS})

    def _require_places(self, told: World) -> None:
        node, python = self._paths.node, Path(told["python"])
        if not python.is_file():
            raise SaturnError(
                "no-interpreter",
                f"The Python of the task's notebook, {python}, is not "
                + ("there any more." if node is None else f"on the node {node}."),
                _RUN_AGAIN if node is None else "Install it there, in the same place.",
            )
        # Where a session moves, its folder does too; on its own node ranks say it.
        folder = Path(os.path.normpath(self._paths.folder / told["folder"]))
        if node is not None and not folder.is_dir():
            raise SaturnError(
                "no-folder",
                f"The working folder of the task's notebook, {folder}, is not on the node {node}.",
                "Have the notebook and its files on the file system that the nodes share.",
            )

    def _missing(self, names: list[str]) -> SaturnError:
        node, listed = self._paths.node, ", ".join(sorted(names))
        text = f"The notebook has set {listed}, which may be secret and so is kept in no file"
        if node is None:
            text += "; the session's agent was started anew since."
            return SaturnError("missing-secret", text, _RUN_AGAIN)
        return SaturnError(
            "missing-secret",
            f"{text}, nor sent to other nodes: the node {node} does not know it.",
            "Have the task read it from a file of yours, or set it where the cluster's software is "
            "started on each node.",
        )

    def _read(self, world: str) -> World:
        try:
            told: World = json.loads(self._paths.world(world).read_text("utf-8"))
            validate("World", told)
        except (OSError, ValueError, SaturnError) as error:
            raise SaturnError(
                "no-world",
                f"What the task is to see of its notebook cannot be read: {error}.",
                _RUN_AGAIN,
            ) from error
        return told

    def _hear(self, event: Any) -> None:
        world, secrets = event.get("world"), event.get("secrets")
        if isinstance(world, str) and isinstance(secrets, dict):
            self._secrets[world] = {str(name): str(value) for name, value in secrets.items()}

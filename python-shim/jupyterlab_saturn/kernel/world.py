"""What a task is to see of its notebook: folder, variables, module path, interpreter."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..agent.agent_lock import read_status
from ..errors import SaturnError
from ..paths import SessionPaths
from ..torch_settings import changed_settings
from .environment import notebook_environment

if TYPE_CHECKING:
    from ..generated.wire_types import TorchDefaults
    from ..generated.wire_types import World as WorldFile

_MOST_SECRET_BYTES = 60_000  # what fits into a datagram with room to spare


@dataclass(frozen=True)
class World:
    """A notebook's world, at one moment.

    Attributes
    ----------
    content
        The file, a wire ``World`` as JSON.
    file
        Name for it in a session's payloads folder.
    digest
        Equal for worlds in which the same code trains the same: working folder, settings of
        PyTorch, and those variables that the notebook has set or that its code names. The
        values of secrets do not count.
    secrets
        Variables that are in no file.
    """

    content: bytes
    file: str
    digest: str
    secrets: Mapping[str, str]


def notebook_world(
    paths: SessionPaths, sources: Mapping[Path, str], texts: Iterable[str] = ()
) -> World:
    """The world of this kernel as it is now.

    Parameters
    ----------
    sources
        Modules that the task imports by name, and the SHA-256 of each.
    texts
        Constants of the task's code, some of which may be names of variables.

    Raises
    ------
    SaturnError
        ``no-folder`` when the working folder is gone; ``default-device`` when PyTorch's is not
        the CPU.
    """
    folder = _working_folder()
    environment = notebook_environment()
    file: WorldFile = {
        "folder": _folder(folder, paths.folder),
        "path": [_relative(entry, folder) for entry in sys.path],
        "variables": environment.variables,
        "secrets": {name: name in environment.changed for name in environment.secrets},
        "python": sys.executable,
        "sources": {_relative(str(path), folder): digest for path, digest in sources.items()},
    }
    torch = _torch_defaults()
    if torch:
        file["torch"] = torch
    seed = _torch_seed()
    if seed is not None:
        file["seed"] = seed
    content = json.dumps(file, sort_keys=True).encode()
    named = set(texts) & {*environment.variables, *environment.secrets}
    variables = {
        name: "" if name in environment.secrets else environment.variables.get(name)
        for name in sorted(environment.changed | named)
    }
    digest = hashlib.sha256(json.dumps([file["folder"], torch, variables]).encode()).hexdigest()
    return World(
        content=content,
        file=f"{hashlib.sha256(content).hexdigest()[:32]}.json",
        digest=digest,
        secrets=environment.secrets,
    )


def tell_secrets(paths: SessionPaths, world: World) -> None:
    """Tell the session's agent the secrets of a world, which it keeps in memory.

    One that is too long, or told to an agent that is gone, is missed when a task is started.
    """
    status = read_status(paths)
    told = {name: value for name, value in world.secrets.items() if len(value) < 8192}
    data = json.dumps({"job": "secrets", "world": world.file, "secrets": told}).encode()
    if status is None or "events" not in status or not told or len(data) > _MOST_SECRET_BYTES:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        try:
            line.sendto(data, status["events"])
        except OSError:
            return


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise SaturnError(
            "no-folder",
            "The notebook's working folder is not there any more: it was renamed or removed.",
            "Go to where it is now with %cd, or restart the kernel.",
        ) from None


def _folder(folder: Path, session: Path) -> str:
    """A folder that holds its session is where that is, also when both have moved."""
    if session.is_relative_to(folder):
        return os.path.relpath(folder, session)
    return str(folder)


def _relative(entry: str, folder: Path) -> str:
    """A path as seen from the folder when it lies within; ``""`` means the folder itself."""
    path = Path(entry)
    if path.is_absolute() and path.is_relative_to(folder):
        return os.path.relpath(path, folder)
    return entry


def _torch_seed() -> int | None:
    """What PyTorch was seeded with; None when it was not."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "initial_seed"):
        return None
    seed = int(torch.initial_seed())
    return seed if seed < 1 << 32 else None  # PyTorch itself starts with 64 bits at random


def _torch_defaults() -> TorchDefaults:
    """What was changed of PyTorch, without importing it."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_default_device"):
        return {}
    if torch.get_default_device().type != "cpu":
        raise SaturnError(
            "default-device",
            f"The notebook has made {torch.get_default_device()} PyTorch's default device, but "
            "where a model is made and trained is chosen for each task.",
            "Take it back with torch.set_default_device(None), and run the cell again.",
        )
    return changed_settings(torch)

"""How a session was started by the notebooks that used it: what it takes to start it again.

It lies where only the user writes, not in the session's folder: that may have come from anywhere,
and what is noted here is run.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict, final

from ..errors import SaturnError
from ..paths import SessionPaths
from ..private_folders import is_private
from ..user_folders import ensure_state, launch_records
from ..whole_files import write_json

_NOTEBOOK = "JPY_SESSION_NAME"
_MOST_NOTEBOOKS = 8
_MOST_BYTES = 1 << 16
_MOST_RECORDS = 1000
_KEPT = frozenset(
    {
        *("CONDA_DEFAULT_ENV", "CONDA_PREFIX", "CUDA_DEVICE_ORDER", "CUDA_HOME"),
        *("CUDA_VISIBLE_DEVICES", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH"),
        *("PYTHONNOUSERSITE", "SATURN_CACHE", "SATURN_IDLE_SECONDS", "SATURN_NETWORK"),
        *("SATURN_NODE", "VIRTUAL_ENV"),
    }
)
"""Variables that say where programs and devices are. Others may be secrets, and are not kept."""


@final
class LaunchRecord(TypedDict):
    """What is known of a session that a notebook has used."""

    folder: str
    """Its folder, in full."""
    python: str
    """The interpreter of the kernel."""
    cwd: str
    """The kernel's working folder."""
    variables: dict[str, str]
    notebooks: list[str]
    """In full, the last that used it first."""


def note_launch(paths: SessionPaths, variables: Mapping[str, str] | None = None) -> None:
    """Note that this process, a kernel, uses a session.

    That it cannot be noted is no reason to do without the session.

    Parameters
    ----------
    variables
        The kernel's environment; that of this process when absent.
    """
    variables = os.environ if variables is None else variables
    notebook = variables.get(_NOTEBOOK)
    known = read_launch(paths.launch_record)
    notebooks = [] if known is None else known["notebooks"]
    if notebook:
        notebooks = [notebook, *(each for each in notebooks if each != notebook)]
    try:
        cwd = str(Path.cwd())
    except OSError:  # it was removed
        return
    record: LaunchRecord = {
        "folder": str(paths.folder),
        "python": sys.executable,
        "cwd": cwd,
        "variables": {name: value for name, value in variables.items() if name in _KEPT},
        "notebooks": notebooks[:_MOST_NOTEBOOKS],
    }
    with contextlib.suppress(OSError, SaturnError):
        if record == known:
            os.utime(paths.launch_record)  # it is among the last used ones all the same
            return
        ensure_state(paths.launch_record.parent)
        if known is None:
            _make_room()
        write_json(paths.launch_record, record)


def read_launch(path: Path) -> LaunchRecord | None:
    """A record as it was noted; None when there is none, or another may have written it."""
    if not is_private(path.parent):
        return None
    try:
        with path.open("rb") as file:
            found: Any = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return found if _is_record(found) else None


def known_launches() -> Iterator[LaunchRecord]:
    """What is known of all sessions of this user on this machine, the last used first."""
    for path in _record_files()[:_MOST_RECORDS]:
        record = read_launch(path)
        if record is not None:
            yield record


def _record_files() -> list[Path]:
    """Of all records, the last used first."""
    found: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError):
        for path in launch_records().glob("*.json"):
            with contextlib.suppress(OSError):  # one may go meanwhile
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


def _make_room() -> None:
    """Remove records of sessions that are gone, once there are more than are looked at.

    Not before: a folder may be away for a while only.
    """
    for path in _record_files()[_MOST_RECORDS - 1 :]:
        record = read_launch(path)
        if record is not None and not Path(record["folder"]).exists():
            path.unlink(missing_ok=True)


def _is_record(found: Any) -> bool:
    if not isinstance(found, dict) or found.keys() != LaunchRecord.__annotations__.keys():
        return False
    folders = [found["folder"], found["python"], found["cwd"]]
    if not all(isinstance(each, str) and each.startswith("/") for each in folders):
        return False
    variables, notebooks = found["variables"], found["notebooks"]
    return (
        isinstance(variables, dict)
        and isinstance(notebooks, list)
        and all(name in _KEPT and isinstance(value, str) for name, value in variables.items())
        and all(isinstance(each, str) for each in notebooks)
    )

"""Which sessions there are below a server's folder."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..agent.launch_record import LaunchRecord, known_launches
from ..errors import SaturnError
from ..paths import SessionPaths, is_private

_HOME = ".saturn"
_MOST_FOLDERS = 5000
_MOST_SECONDS = 2.0
_LEVELS = 6
_LOOK_AGAIN_SECONDS = 30.0
_NO_NOTEBOOKS = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True)
class FoundSession:
    """A session that may be shown.

    Attributes
    ----------
    id
        What pages call it; nothing can be made of it but this session.
    paths
        By its real folder, without symbolic links.
    record
        How notebooks have started it, if that is known.
    """

    id: str
    paths: SessionPaths
    record: LaunchRecord | None


class SessionFinder:
    """Finds sessions within some folders, and never any outside.

    Those that notebooks have used are known; others, as of a folder that was moved, are looked
    for on the disk, not too far and not too often. For any thread.

    Parameters
    ----------
    roots
        The server's folder first, and others in which sessions may be.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [root.resolve() for root in roots]
        self._lock = threading.Lock()
        self._seen: list[Path] = []
        self._looked: float | None = None

    @property
    def root(self) -> Path:
        """The server's folder, without symbolic links."""
        return self._roots[0]

    def find(self) -> list[FoundSession]:
        """All sessions, in the order of their folders."""
        records: dict[Path, LaunchRecord] = {}
        for record in known_launches():
            folder = self._real(Path(record["folder"]))
            if folder is not None:
                records.setdefault(folder, record)
        folders = {*records, *filter(None, map(self._real, self._on_disk()))}
        found = (_session(folder, records.get(folder)) for folder in sorted(folders))
        return [session for session in found if session is not None]

    def get(self, id: str) -> FoundSession | None:
        """The session of an id; None when there is none, or none any more."""
        return next((session for session in self.find() if session.id == id), None)

    def _real(self, folder: Path) -> Path | None:
        """A folder without symbolic links, if it lies where sessions may be shown."""
        try:
            real = folder.resolve(strict=True)
        except (OSError, RuntimeError):  # gone, or links that lead in a circle
            return None
        inside = any(real.is_relative_to(root) and real != root for root in self._roots)
        return real if inside else None

    def _on_disk(self) -> list[Path]:
        with self._lock:
            now = time.monotonic()
            if self._looked is None or now - self._looked > _LOOK_AGAIN_SECONDS:
                self._looked = now
                self._seen = [
                    *_sessions_below(self.root, now + _MOST_SECONDS),
                    *(each for root in self._roots[1:] for each in _children(root)),
                ]
            return self._seen


def _session(folder: Path, record: LaunchRecord | None) -> FoundSession | None:
    """What a folder is, if it is a session's, and nobody else could have put anything in it."""
    try:
        paths = SessionPaths.of_folder(folder)
        if not is_private(folder) or not paths.exists:
            return None
    except (OSError, SaturnError):
        return None
    id = hashlib.sha256(b"saturn session " + os.fsencode(folder)).hexdigest()[:32]
    return FoundSession(id, paths, record)


def _sessions_below(root: Path, deadline: float) -> Iterator[Path]:
    """Folders of sessions beside notebooks, those nearest first."""
    waiting = deque([(root, 0)])
    for _ in range(_MOST_FOLDERS):
        if not waiting or time.monotonic() > deadline:
            return
        folder, level = waiting.popleft()
        try:
            with os.scandir(folder) as entries:
                names = [each.name for each in entries if each.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        if _HOME in names:
            yield from _children(folder / _HOME)
        if level < _LEVELS:
            waiting.extend(
                (folder / name, level + 1)
                for name in sorted(names)
                if not name.startswith(".") and name not in _NO_NOTEBOOKS
            )


def _children(home: Path) -> list[Path]:
    try:
        return sorted(home.iterdir())
    except OSError:
        return []

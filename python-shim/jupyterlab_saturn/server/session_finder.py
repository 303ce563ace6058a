"""Which sessions there are below a server's folder."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..agent.launch_record import LaunchRecord, known_launches, read_launch
from ..errors import SaturnError
from ..paths import SessionPaths
from ..private_folders import is_private

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
        self._known: dict[str, FoundSession] = {}

    @property
    def root(self) -> Path:
        """The server's folder, without symbolic links."""
        return self._roots[0]

    def find(self) -> list[FoundSession]:
        """All sessions, in the order of their folders."""
        found = self._among(self._on_disk())
        self._known = {session.id: session for session in found}
        return found

    def get(self, id: str) -> FoundSession | None:
        """The session of an id; None when there is none, or none any more."""
        known = self._known.get(id)
        again = None if known is None else self._again(known)
        if again is not None:
            return again
        recorded = (session for session in self._among(()) if session.id == id)
        # Nobody waits for the disk who opens what a notebook has used.
        return next(recorded, None) or next((each for each in self.find() if each.id == id), None)

    def _among(self, folders: Iterable[Path]) -> list[FoundSession]:
        """Sessions in some folders, and all that notebooks have used."""
        records: dict[Path, LaunchRecord] = {}
        for record in known_launches():
            folder = self._real(Path(record["folder"]))
            if folder is not None:
                records.setdefault(folder, record)
        places = {*records, *filter(None, map(self._real, folders))}
        found = (_session(folder, records.get(folder)) for folder in sorted(places))
        return [session for session in found if session is not None]

    def _again(self, known: FoundSession) -> FoundSession | None:
        """A session that was found before, as it is now; None when that is to be looked for."""
        record = None
        if known.record is not None:
            record = read_launch(SessionPaths.of_folder(Path(known.record["folder"])).launch_record)
        folder = known.paths.folder
        if record is None or self._real(folder) != folder:
            return None
        return _session(folder, record)

    def _real(self, folder: Path) -> Path | None:
        """A folder without symbolic links, if it lies where sessions may be shown."""
        try:
            real = folder.resolve(strict=True)
        except (OSError, RuntimeError):  # gone, or links that lead in a circle
            return None
        inside = any(real.is_relative_to(root) and real != root for root in self._roots)
        return real if inside else None

    def _on_disk(self) -> list[Path]:
        # While one looks, others have what was there before; the first time they wait.
        if self._is_stale() and self._lock.acquire(blocking=self._looked is None):
            try:
                if self._is_stale():
                    now = time.monotonic()
                    self._seen = [
                        *_sessions_below(self.root, now + _MOST_SECONDS),
                        *(each for root in self._roots[1:] for each in _children(root)),
                    ]
                    self._looked = now
            finally:
                self._lock.release()
        return self._seen

    def _is_stale(self) -> bool:
        return self._looked is None or time.monotonic() - self._looked > _LOOK_AGAIN_SECONDS


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

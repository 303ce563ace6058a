"""The sessions this kernel uses, and the one that magics mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..paths import SessionPaths
from .session import Session

Follower = Callable[[Session], None]


class SessionRegistry:
    """One `Session` a folder, so that magics, scripts and the panel share a connection."""

    def __init__(self) -> None:
        self._by_folder: dict[Path, Session] = {}
        self._current: Session | None = None
        self._chosen: Path | None = None
        self._follower: Follower | None = None

    @property
    def current(self) -> Session:
        """The session that magics mean; ``default`` until another is chosen.

        A choice outlives `close`, so the extension loaded again means the same session.
        """
        if self._current is None:
            chosen = self._chosen
            self._current = self.get() if chosen is None else self.get(chosen.name, chosen.parent)
        return self._current

    def get(self, name: str = "default", home: Path | str | None = None) -> Session:
        """The session of a name. Raises SaturnError ``bad-session-name``."""
        folder = SessionPaths(name, home).folder
        if folder not in self._by_folder:
            self._by_folder[folder] = Session(name, home)
        return self._by_folder[folder]

    def choose(self, session: Session) -> None:
        """Make magics and panel mean another session."""
        self._current = session
        self._chosen = session.paths.folder
        if self._follower is not None:
            self._follower(session)

    def follow(self, follower: Follower | None) -> None:
        """Tell one follower, now and later, which session is the current one."""
        self._follower = follower
        if follower is not None:
            follower(self.current)

    def close(self) -> None:
        """Leave all sessions; they go on without this kernel."""
        for session in self._by_folder.values():
            session.close()
        self._by_folder.clear()
        self._current = None


#: The kernel's sessions.
sessions = SessionRegistry()

"""The sessions this kernel uses, and the one that magics mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import SaturnError
from ..paths import SessionPaths
from .session import Session

_HOME = "SATURN_HOME"
Follower = Callable[[Session], None]


class SessionRegistry:
    """One `Session` a folder, so that magics, scripts and the panel share a connection."""

    def __init__(self) -> None:
        self._by_folder: dict[Path, Session] = {}
        self._current: Session | None = None
        self._chosen: Path | None = None
        self._follower: Follower | None = None
        self._home: Path | None = None
        self._variable: str | None = None
        self._chosen_under: str | None = None

    @property
    def current(self) -> Session:
        """The session that magics mean; ``default`` until another is chosen.

        A choice outlives `close`, so the extension loaded again means the same session.

        Raises
        ------
        SaturnError
            ``home-changed`` when ``SATURN_HOME`` has become another since a session was joined.
        """
        if self._current is not None and self._chosen_under != os.environ.get(_HOME):
            self._move(self._current)
        if self._current is None:
            chosen = self._chosen
            self._current = self.get() if chosen is None else self.get(chosen.name, chosen.parent)
            self._chosen_under = os.environ.get(_HOME)
        return self._current

    def get(self, name: str = "default", home: Path | str | None = None) -> Session:
        """The session of a name.

        Parameters
        ----------
        home
            Folder of all sessions; else that which ``SATURN_HOME`` named when it was last set, or
            ``.saturn`` in the folder that was the working folder when a session was first asked
            for: the notebook may go elsewhere, its sessions stay.

        Raises
        ------
        SaturnError
            ``bad-session-name``.
        """
        if home is None:
            home = self._home_now()
        folder = SessionPaths(name, home).folder
        if folder not in self._by_folder:
            self._by_folder[folder] = Session(name, home)
        return self._by_folder[folder]

    def choose(self, session: Session) -> None:
        """Make magics and panel mean another session."""
        self._current = session
        self._chosen = session.paths.folder
        self._chosen_under = os.environ.get(_HOME)
        if self._follower is not None:
            self._follower(session)

    def _home_now(self) -> Path:
        variable = os.environ.get(_HOME)
        here = SessionPaths().folder.parent
        renamed = self._home is not None and not self._home.exists() and here.exists()
        if self._home is None or renamed or variable != self._variable:
            self._variable = variable
            self._home = here
        return self._home

    def _move(self, session: Session) -> None:
        """Mean a session in the new home, unless one was joined in the old."""
        if session.attachment.connection is not None:
            raise SaturnError(
                "home-changed",
                f"SATURN_HOME is now {os.environ.get(_HOME)!r}, but this notebook has joined a "
                f"session in {session.paths.folder.parent}.",
                f"Go on in the new folder with %saturn session {session.name}, or set SATURN_HOME "
                "back.",
            )
        self.choose(self.get(session.name))

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

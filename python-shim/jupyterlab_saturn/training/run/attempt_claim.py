"""Which attempts at a task have begun, so that one that was given up cannot spoil the next.

A node that is cut off may train on while another has its task. Clocks tell nothing then, and locks
need not work between nodes. What does is a folder with a file for each attempt that has begun, to
which files are only added: to list it asks a file server for what is there now (close-to-open,
nfs(5)). An engine that has lost its journal, and with it the numbers, removes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import SaturnError
from ...paths import SessionPaths
from ...private_folders import make_private

_NAME = re.compile(r"(\d+)(?:-from-(\d+))?")


class AttemptClaim:
    """The right of an attempt to say what its task has become: until a later one begins.

    Used by the first rank of a group.

    Parameters
    ----------
    folder
        Of the task's claims; made on demand.
    attempt
        Number of this one, from 1; 0 where there are no attempts, so that nothing is claimed.
    """

    def __init__(self, folder: Path, attempt: int) -> None:
        self._folder = folder
        self.attempt = attempt

    @classmethod
    def of_task(cls, paths: SessionPaths, task: str, attempt: int) -> AttemptClaim:
        """That of an attempt at a task of a session."""
        return cls(paths.claims(task), attempt)

    def make(self) -> None:
        """Begin: from now on, earlier attempts are late.

        Raises
        ------
        SaturnError
            ``late-commit``: a later attempt has begun.
        """
        if self.attempt > 0:
            self._note(str(self.attempt))
            self.require()

    def begin_at(self, step: int) -> None:
        """Note the step that this attempt goes on from: what earlier ones have beyond is late."""
        if self.attempt > 0:
            self._note(f"{self.attempt}-from-{step}")

    def require(self) -> None:
        """Raises SaturnError ``late-commit`` when a later attempt has begun.

        So has one at a task that was added anew under this one's name: of this attempt, which must
        have been made, nothing is known there.
        """
        begun = {number for number, _ in self._known()}
        if begun and (self.attempt not in begun or max(begun) > self.attempt):
            raise SaturnError(
                "late-commit",
                f"Attempt {max(begun)} has the task since, so nothing more is taken of attempt "
                f"{self.attempt}.",
                "Its node was silent for too long, or cut off. The task goes on elsewhere.",
            )

    def accepts(self, attempt: int, step: int) -> bool:
        """Whether what an attempt has left was there when the next ones began.

        Parameters
        ----------
        step
            How far it was then, in steps.
        """
        return all(
            begun is None or step <= begun for number, begun in self._known() if number > attempt
        )

    def _known(self) -> Iterator[tuple[int, int | None]]:
        """Numbers of attempts that have begun, and where, as far as that is known."""
        if self.attempt == 0:
            return
        try:
            names = [entry.name for entry in self._folder.iterdir()]
        except FileNotFoundError:  # an earlier version of this package began the task
            return
        for name in names:
            found = _NAME.fullmatch(name)
            if found is not None:
                yield int(found[1]), None if found[2] is None else int(found[2])

    def _note(self, name: str) -> None:
        make_private(self._folder)
        file = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(file)


NO_CLAIM = AttemptClaim(Path(), 0)
"""Of what nobody else trains: a trial, or a task that is tried out."""

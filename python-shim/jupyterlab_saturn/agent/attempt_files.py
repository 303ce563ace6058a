"""The files of one attempt at a task, on a node that has the session's very folder."""

from __future__ import annotations

from collections.abc import Callable

from .group_outcome import GroupOutcome


class AttemptFiles:
    """What an attempt reads and writes is where it belongs: there is nothing to do."""

    async def begin(self) -> None:
        """Have here what the task has, before its ranks look for it. Raises SaturnError."""

    def hear(self, kind: str, step: int | None, tell: Callable[[], None]) -> None:
        """Its ranks tell of something; `tell` tells the engine, when the files of that are there.

        Parameters
        ----------
        step
            How far they are, where they say so.
        """
        tell()

    def forget(self) -> None:
        """Nobody wants what it has: its end waits for no file."""

    async def end(self, outcome: GroupOutcome) -> GroupOutcome:
        """Have the session have all of it, once its ranks are gone. Returns how it has ended."""
        return outcome

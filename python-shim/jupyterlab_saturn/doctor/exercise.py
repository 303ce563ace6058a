"""A piece of real work that shows whether training works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .finding import Finding, broken
from .workbench import Workbench


@dataclass(frozen=True)
class Exercise:
    """A piece of real work.

    Attributes
    ----------
    name
        Of its finding.
    seconds
        After which it is ended from outside.
    do
        Does it. What it raises is found to be broken.
    vital
        Whether nothing after it makes sense once it fails.
    """

    name: str
    seconds: float
    do: Callable[[Workbench], Awaitable[Finding]]
    vital: bool = False

    async def done(self, bench: Workbench) -> Finding:
        """What it finds. Never raises."""
        try:
            return await self.do(bench)
        except Exception as error:
            return broken(self.name, error)

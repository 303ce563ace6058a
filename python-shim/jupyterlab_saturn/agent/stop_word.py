"""The word by which an attempt is to stop, also before it has ranks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class StopWord:
    """Told once, or never."""

    def __init__(self) -> None:
        self._told = asyncio.Event()

    @property
    def is_told(self) -> bool:
        """Whether it was told."""
        return self._told.is_set()

    def tell(self) -> None:
        """Have what is done by `spares` ended."""
        self._told.set()

    async def spares(self, work: Coroutine[Any, Any, object]) -> bool:
        """Do something, unless the word is told before it is done. Raises what that raises.

        Returns whether it was done.
        """
        working = asyncio.create_task(work)
        waiting = asyncio.create_task(self._told.wait())
        try:
            await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            if not working.done():
                working.cancel()
                # It may have files open, and what comes next uses them.
                await asyncio.gather(working, return_exceptions=True)
        if working.cancelled():
            return False
        await working
        return True

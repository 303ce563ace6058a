"""The word by which an attempt is to stop, also before it has ranks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from .interruption import done_or


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
        """Do something, unless the word is told before it is done; see `done_or`."""
        return await done_or(self._told, work)

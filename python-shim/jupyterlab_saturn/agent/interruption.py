"""Work that is broken off when something else happens."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def done_or(broken: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Do something until it is done, or an event has come: then it is cancelled.

    On return it is over either way. Raises what it raises.

    Returns whether it was done, and the event has not come.
    """
    doing = asyncio.create_task(work)
    breaking = asyncio.create_task(broken.wait())
    try:
        await asyncio.wait((doing, breaking), return_when=asyncio.FIRST_COMPLETED)
    finally:
        breaking.cancel()
        doing.cancel()
        await asyncio.wait((doing,))
    if not doing.cancelled():
        doing.result()
    return not (doing.cancelled() or broken.is_set())

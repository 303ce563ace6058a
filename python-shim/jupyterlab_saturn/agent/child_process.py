"""Children of the agent that leave when their standard input ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..wire import schema


async def start_child(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """A child that is spoken with by lines on its standard input and output.

    Its input is a pipe that this process alone holds: its end tells the child that this one is
    gone, however it died. A line of it may be as long as a message.

    Parameters
    ----------
    log
        File that its standard error is appended to.
    environment
        This process's when None.

    Raises
    ------
    OSError
        The log cannot be opened, or the program not be started.
    """
    with log.open("ab") as errors:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=schema()["maxBytes"],
            env=environment,
        )


async def end_child(
    process: asyncio.subprocess.Process, seconds: float, *, terminates: bool = False
) -> None:
    """Have a child leave: by the end of its input, and at last by force.

    What it says meanwhile is dropped. When this is cancelled, the child is killed at once; what
    hangs in the system does not die even so, and is left.

    Parameters
    ----------
    seconds
        How long it has, each time.
    terminates
        Whether it is asked by a signal, too, before it is killed.
    """
    if process.stdin is not None:
        process.stdin.close()
    # One that waits for somebody to listen would never see that its input has ended.
    listening = asyncio.create_task(_drop(process.stdout))
    ways = [process.terminate, process.kill] if terminates else [process.kill]
    try:
        while not await _is_gone(process, seconds) and ways:
            _send(ways.pop(0))
    except asyncio.CancelledError:
        _send(process.kill)
        await _is_gone(process, seconds)
        raise
    finally:
        listening.cancel()


async def _drop(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(1 << 16):
        pass


def _send(signal: Callable[[], None]) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal()


async def _is_gone(process: asyncio.subprocess.Process, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        return False
    return True

"""Programs of this package that work beside the agent's machinery, on devices or for them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

from ..errors import SaturnError


async def told_by(
    module: str,
    *arguments: str,
    seconds: float,
    variables: Mapping[str, str] | None = None,
    codes: Sequence[int] = (0,),
) -> str:
    """What a program writes to stdout before it ends well.

    Parameters
    ----------
    seconds
        After which it is ended; its ranks die with it.
    variables
        Of its environment, besides those of this process.
    codes
        With which it ends well, if it has written something.

    Raises
    ------
    SaturnError
        ``probe-failed`` with its last words, ``probe-hung``.
    """
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(variables or {})},
    )
    try:
        async with asyncio.timeout(seconds):
            told, complaint = await program.communicate()
    except TimeoutError:
        raise SaturnError(
            "probe-hung",
            f"it was not done within {seconds:g} s.",
            "Virtual machines and PCIe switches with access control (ACS) do this.",
        ) from None
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode not in codes or not told:
        text = complaint.decode(errors="replace").strip()
        error = SaturnError("probe-failed", (text.splitlines() or ["it said nothing"])[-1])
        error.traceback = text[-4000:]
        raise error
    return told.decode()

"""Starting ranks: forked from the zygote when it can, in a fresh interpreter otherwise."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import SaturnError
from .rank_process import RankProcess
from .rank_surroundings import Surroundings
from .zygote_client import COMMAND as ZYGOTE_COMMAND
from .zygote_client import ZygoteClient

# -P: which files of the user's stand for modules is for the world of a task to say.
RANK_COMMAND = (sys.executable, "-P", "-m", "jupyterlab_saturn.training.rank")


class RankLauncher:
    """Starts ranks, in the agent's working folder, each in a process session of its own.

    Must be used from the main thread alone: on Linux a rank dies with the *thread* it came from.

    Parameters
    ----------
    zygote_log
        File for the zygote's output.
    rank_command, zygote_command
        Programs of a cold rank and of the zygote, by an interpreter that surroundings may replace;
        the last argument of both is this process's id.
    """

    def __init__(
        self,
        zygote_log: Path,
        *,
        rank_command: Sequence[str] = RANK_COMMAND,
        zygote_command: Sequence[str] = ZYGOTE_COMMAND,
    ) -> None:
        self._command = tuple(rank_command)
        self._own = Surroundings.own()
        self.zygote = ZygoteClient(zygote_command, zygote_log, self._own)
        self._waiting: set[asyncio.Task[None]] = set()

    async def start(
        self, request: Path, rank: int, log: Path, surroundings: Surroundings | None = None
    ) -> RankProcess:
        """Start one rank of a request, its output going to a log.

        Parameters
        ----------
        surroundings
            Those to run in; this process's own when None.

        Raises
        ------
        SaturnError
            ``cannot-start``: the system refuses another process.
        """
        wanted = surroundings or self._own
        try:
            return await self.zygote.spawn(request, rank, log, wanted) or await self._cold(
                request, rank, log, wanted
            )
        except OSError as error:
            raise SaturnError(
                "cannot-start",
                f"Rank {rank} cannot be started: {error}.",
                "Close other programs, or raise the limit of processes and open files.",
            ) from error

    async def close(self) -> None:
        """End the zygote and forget the cold ranks. All ranks must have been ended before."""
        await self.zygote.close()
        if self._waiting:
            await asyncio.wait(self._waiting, timeout=1.0)

    async def _cold(
        self, request: Path, rank: int, log: Path, surroundings: Surroundings
    ) -> RankProcess:
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *surroundings.command(self._command),
                str(request),
                str(rank),
                str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=surroundings.variables,
            )
        started = RankProcess(process.pid)
        waiting = asyncio.create_task(_wait(process, started))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)
        return started


async def _wait(process: asyncio.subprocess.Process, rank: RankProcess) -> None:
    rank.left(await process.wait())

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator

import pytest
from fakes.bench import HERE, assert_gone, living, session, task
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.agent.rank_process import RankProcess, end
from jupyterlab_saturn.agent.rank_surroundings import Surroundings
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths, events_socket
from jupyterlab_saturn.whole_files import write_json
from waiting import until


class Starter:
    """A launcher, and requests for it."""

    def __init__(self, paths: SessionPaths, token: str, zygote: list[str], rank: list[str]) -> None:
        self.paths = paths
        self.token = token
        self.launcher = RankLauncher(paths.zygote_log, rank_command=rank, zygote_command=zygote)
        self.log = paths.folder / "rank.log"

    async def start(
        self, acts: str, rank: int = 0, surroundings: Surroundings | None = None
    ) -> RankProcess:
        request = self.paths.folder / "request.json"
        spec = {
            "job": "j",
            "events": str(events_socket(self.paths.runtime)),
            "task": task(ranks=acts),
        }
        write_json(request, spec)  # whole at once: the rank before may just be reading it
        return await self.launcher.start(request, rank, self.log, surroundings)

    @property
    def zygote(self) -> int | None:
        return self.launcher.zygote.pid


@contextlib.asynccontextmanager
async def starter(
    mode: str, zygote: list[str] | None = None, rank: list[str] | None = None
) -> AsyncIterator[Starter]:
    with session() as (paths, token), contextlib.ExitStack() as stack:
        paths.ensure_runtime()
        ear = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        ear.bind(str(events_socket(paths.runtime)))
        made = Starter(
            paths,
            token,
            zygote or [sys.executable, str(HERE / "zygote.py"), mode],
            rank or [sys.executable, str(HERE / "rank.py")],
        )
        try:
            yield made
        finally:
            await made.launcher.close()


def test_ranks_are_forked_and_reported() -> None:
    async def main() -> None:
        async with starter("ready") as here:
            ranks = [await here.start("print forked;exit 5", rank) for rank in range(3)]
            assert [await rank.exited for rank in ranks] == [5, 5, 5]
            killed = await here.start("kill 9")
            assert await killed.exited == -9
            assert here.log.read_text() == "forked\n" * 3
            assert living(here.token, "rank.py") == []

    asyncio.run(main())


@pytest.mark.parametrize("mode", ["unsafe", "dies"])
def test_without_a_zygote_ranks_start_cold(mode: str) -> None:
    async def main() -> None:
        async with starter(mode) as here:
            rank = await here.start("print cold;sleep 300")
            until(lambda: here.log.exists() and here.log.read_text() == "cold\n")
            assert [pid for pid, _ in living(here.token, "rank.py")] == [rank.pid]
            assert os.getsid(rank.pid) == rank.pid
            rank.signal(signal.SIGTERM)
            assert await rank.exited == -signal.SIGTERM

    asyncio.run(main())


def test_a_zygote_that_is_not_there_is_no_trouble() -> None:
    async def main() -> None:
        async with starter("ready", zygote=["/nowhere/zygote"]) as here:
            rank = await here.start("exit 4")
            assert await rank.exited == 4

    asyncio.run(main())


def test_nonsense_from_the_zygote_is_ignored() -> None:
    async def main() -> None:
        async with starter("noisy") as here:
            rank = await here.start("exit 4")
            assert await rank.exited == 4

    asyncio.run(main())


def test_a_dead_zygote_takes_its_ranks_along_and_is_replaced() -> None:
    async def main() -> None:
        async with starter("ready") as here:
            rank = await here.start("helper;print up;sleep 300")
            until(lambda: here.log.exists() and here.log.read_text())
            first = here.zygote
            assert first is not None
            os.kill(first, signal.SIGKILL)
            assert await rank.exited == -signal.SIGKILL
            until(lambda: living(here.token, "time.sleep") == [])
            again = await here.start("exit 6")
            assert await again.exited == 6
            assert here.zygote not in (None, first)

    asyncio.run(main())


def test_a_zygote_that_keeps_dying_is_left_alone() -> None:
    async def main() -> None:
        async with starter("dies") as here:
            for _ in range(6):
                rank = await here.start("exit 2")
                assert await rank.exited == 2
            assert here.zygote is None
            assert here.paths.zygote_log.read_text() == "dying\n" * 3

    asyncio.run(main())


def test_closing_ends_the_zygote() -> None:
    async def main() -> None:
        async with starter("ready") as here:
            await (await here.start("exit 0")).exited
            zygote = here.zygote
            assert zygote is not None
            await here.launcher.close()
            assert here.zygote is None
            assert_gone(here.token)

    asyncio.run(main())


def test_ending_ranks_ends_all_they_started() -> None:
    async def main() -> None:
        async with starter("ready") as here:
            ranks = [await here.start("deaf;helper;print up;sleep 300", n) for n in range(2)]
            until(lambda: here.log.exists() and here.log.read_text() == "up\n" * 2)
            assert len(living(here.token, "time.sleep")) == 2
            await end(ranks)
            assert living(here.token, "time.sleep") == []
            assert [rank.exited.result() for rank in ranks] == [-9, -9]

    asyncio.run(main())


def test_a_system_that_refuses_processes_is_an_error_for_people() -> None:
    async def main() -> None:
        async with starter("unsafe", rank=["/nowhere/rank"]) as here:
            with pytest.raises(SaturnError, match="Rank 1 cannot be started") as caught:
                await here.start("exit 0", rank=1)
            assert caught.value.code == "cannot-start"

    asyncio.run(main())


def surrounded(**variables: str) -> Surroundings:
    own = Surroundings.own()
    return Surroundings(own.python, {**own.variables, **variables})


def test_ranks_of_other_variables_come_from_another_zygote() -> None:
    async def main() -> None:
        async with starter("ready") as here:
            assert await (await here.start("env TINT")).exited == 0
            first = here.zygote
            assert await (await here.start("env TINT", 0, surrounded(TINT="red"))).exited == 0
            assert here.zygote not in (None, first)
            assert here.log.read_text() == "None\nred\n"
            for _ in range(4):  # these are no deaths that would make it give up
                for tint in ("red", "blue"):
                    await (await here.start("exit 0", 0, surrounded(TINT=tint))).exited
            assert here.zygote is not None

    asyncio.run(main())


def test_a_zygote_with_ranks_is_kept_whatever_others_want() -> None:
    async def main() -> None:
        async with starter("ready") as here:
            busy = await here.start("print up;sleep 300")
            until(lambda: here.log.exists() and "up" in here.log.read_text())
            first = here.zygote
            cold = await here.start("env TINT", 0, surrounded(TINT="red"))
            assert await cold.exited == 0
            assert here.log.read_text() == "up\nred\n"
            assert here.zygote == first and not busy.exited.done()
            await end([busy])

    asyncio.run(main())


def test_a_zygote_with_old_libraries_is_replaced() -> None:
    async def main() -> None:
        async with starter("stale") as here:
            assert await (await here.start("exit 3")).exited == 3
            first = here.zygote
            (here.paths.folder / "changed").touch()
            assert await (await here.start("print new;exit 4")).exited == 4
            assert here.zygote not in (None, first)
            busy = await here.start("print up;sleep 300")
            until(lambda: here.log.exists() and "up" in here.log.read_text())
            (here.paths.folder / "changed").touch()
            assert await (await here.start("exit 5")).exited == 5
            assert not busy.exited.done()
            await end([busy])

    asyncio.run(main())

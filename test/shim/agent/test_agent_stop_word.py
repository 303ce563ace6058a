"""What an attempt does before it has ranks, once it is told to stop."""

from __future__ import annotations

import asyncio

import pytest
from jupyterlab_saturn.agent.stop_word import StopWord


async def bring(ended: list[str], *, fails: bool = False) -> None:
    """Takes for ever, unless it fails."""
    try:
        if fails:
            raise OSError("It is gone.")
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append("ended")


def test_work_is_done_unless_the_word_is_told() -> None:
    async def work() -> list[object]:
        word, ended = StopWord(), list[str]()
        done = await word.spares(asyncio.sleep(0))
        with pytest.raises(OSError, match="gone"):
            await word.spares(bring(ended, fails=True))
        bringing = asyncio.create_task(word.spares(bring(ended)))
        await asyncio.sleep(0)
        word.tell()
        # It has ended when nobody waits for it any more.
        told = [done, await bringing, len(ended)]
        return [*told, await word.spares(asyncio.sleep(0.01)), word.is_told]

    assert asyncio.run(work()) == [True, False, 2, False, True]


def test_who_is_ended_ends_its_work() -> None:
    async def work() -> list[str]:
        ended: list[str] = []
        bringing = asyncio.create_task(StopWord().spares(bring(ended)))
        await asyncio.sleep(0.01)
        bringing.cancel()
        await asyncio.gather(bringing, return_exceptions=True)
        return ended

    assert asyncio.run(work()) == ["ended"]


def test_the_word_counts_that_comes_while_the_work_is_just_done() -> None:
    async def work() -> bool:
        word = StopWord()

        async def last() -> None:
            asyncio.get_running_loop().call_soon(word.tell)

        return await word.spares(last())

    assert asyncio.run(work()) is False

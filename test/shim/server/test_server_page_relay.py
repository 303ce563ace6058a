"""A page's relay that ends, or whose work fails, while something is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import zmq.asyncio
from jupyterlab_saturn import __version__
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.server import page_relay
from jupyterlab_saturn.server.page_relay import PageRelay
from jupyterlab_saturn.server.session_finder import FoundSession
from waiting import SECONDS

HELLO = f'{{"v":1,"id":"1","type":"hello","body":{{"pid":0,"version":"{__version__}"}}}}'


def relay_of(
    folder: Path, send: Callable[[bytes], Awaitable[None]], end: Callable[[], None]
) -> PageRelay:
    paths = SessionPaths("default", folder / ".saturn").ensure()
    paths.journal.touch()
    found = FoundSession("0" * 32, paths, None)
    return PageRelay(found, zmq.asyncio.Context.instance(), send, end, may_steer=True)


def test_a_page_that_goes_while_it_is_greeted_leaves_nobody_behind(tmp_path: Path) -> None:
    async def scene() -> list[Any]:
        sent, go_on = asyncio.Event(), asyncio.Event()

        async def send(_: bytes) -> None:
            sent.set()
            await go_on.wait()

        relay = relay_of(tmp_path, send, lambda: None)
        greeting = asyncio.create_task(relay.receive(HELLO))
        await sent.wait()
        await relay.close()
        go_on.set()
        await greeting
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(scene()) == []


def test_a_page_that_can_be_told_nothing_more_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_relay, "_LOOK_SECONDS", 0.01)

    async def scene() -> None:
        ended = asyncio.Event()

        async def send(_: bytes) -> None:
            return

        relay = relay_of(tmp_path, send, ended.set)
        await relay.receive(HELLO)

        def fail(_: SessionPaths) -> None:
            raise RuntimeError("It broke.")

        monkeypatch.setattr(page_relay, "presence_of", fail)
        await asyncio.wait_for(ended.wait(), SECONDS)
        await relay.close()

    asyncio.run(scene())

"""The folder of sockets goes elsewhere while an engine starts, that has not answered yet."""

from __future__ import annotations

import asyncio
import shutil
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.bench import EngineEar, session
from jupyterlab_saturn.agent.engine_link import EngineLink
from jupyterlab_saturn.agent.event_receiver import EventReceiver
from jupyterlab_saturn.agent.runtime_folder import RuntimeFolder
from jupyterlab_saturn.agent.socket_watch import SocketWatch
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint, events_socket

HELLO: Any = {"node": {"id": "n", "devices": []}, "groups": [], "trials": [], "inspecting": []}


def line(endpoint: str) -> EngineLink:
    return EngineLink(endpoint, hello=lambda: HELLO, connected=lambda: None, heard=lambda _: None)


def move(paths: SessionPaths, patch: pytest.MonkeyPatch, *, elsewhere: bool) -> None:
    """Remove the folder of sockets, and perhaps have the next one be another."""
    shutil.rmtree(paths.runtime)
    if elsewhere:
        new = paths.folder.parent.parent / "new"
        new.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(new))


@pytest.mark.parametrize("elsewhere", [True, False])
def test_an_engine_and_a_line_that_are_not_up_yet_move_along(elsewhere: bool) -> None:
    async def main() -> None:
        with session() as (paths, _), pytest.MonkeyPatch.context() as patch:
            told: list[str] = []
            engine: Any = SimpleNamespace(listen_at=told.append)
            runtime = RuntimeFolder(paths)
            assert runtime.acquire()
            link = line(engine_endpoint(runtime.path))
            events = EventReceiver(events_socket(runtime.path))
            watch = SocketWatch(runtime, events, link, engine, removed=lambda: None)
            link.open()
            try:
                watch.look()
                assert told == []
                move(paths, patch, elsewhere=elsewhere)
                watch.look()
                assert told == [engine_endpoint(paths.runtime)]
                watch.look()
                assert len(told) == 1
                with EngineEar(paths) as ear:
                    assert (await asyncio.to_thread(ear.hear, "agent.hello"))["body"] == HELLO
            finally:
                link.terminate()
                events.close()
                runtime.release()

    asyncio.run(main())

"""Who carries files of a node, when something is wrong with the line to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakes.file_scene import FileScene
from jupyterlab_saturn.cluster.file_carrier import FileCarrier
from jupyterlab_saturn.cluster.transport import (
    Begun,
    HandsGone,
    HandsOrder,
    Stream,
    StreamReply,
    StreamRequest,
)
from jupyterlab_saturn.files.frames import packed


class OddHands:
    """Say one thing, and break then, by what they hear or by what they are to say."""

    def __init__(self, *, hears: Exception | None, says: Exception | None) -> None:
        self._hears = hears
        self._says = says
        self.ended = 0

    async def start(self, order: HandsOrder) -> Begun:
        return Begun(carries=True)

    async def swap(self, stream: Stream, told: StreamRequest) -> StreamReply:
        if self._hears is not None:
            raise self._hears
        if told.frames and self._says is not None:
            raise self._says
        if told.taken:
            await asyncio.Event().wait()
        return StreamReply(1, 0, [packed({"id": 1, "op": "find", "path": "payloads/x"})])

    async def end(self) -> None:
        self.ended += 1


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("hears", "says", "ended"),
    [
        (HandsGone("They are gone."), None, 0),
        (TypeError("It is odd."), None, 1),
        (None, TypeError("It is odd."), 1),
    ],
)
def test_a_node_whose_files_are_carried_no_more_begins_anew(
    tmp_path: Path, hears: Exception | None, says: Exception | None, ended: int
) -> None:
    hands = OddHands(hears=hears, says=says)
    scene = FileScene(tmp_path)
    asyncio.run(FileCarrier("far", hands, scene.store).run())
    assert hands.ended == ended

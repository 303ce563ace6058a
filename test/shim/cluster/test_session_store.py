"""What a node may not ask of a session's files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakes.bench import Json
from fakes.file_scene import FileScene
from jupyterlab_saturn.files.frames import packed, reply_of


@pytest.fixture
def scene(tmp_path: Path) -> FileScene:
    return FileScene(tmp_path)


@pytest.mark.parametrize(
    "request_",
    [
        {"op": "read", "path": "journal.jsonl", "offset": 0, "size": 9},
        {"op": "read", "path": "tasks/t/../../journal.jsonl", "offset": 0, "size": 9},
        {"op": "read", "path": "payloads/x.pkl", "offset": 0, "size": 9},
        {"op": "note", "path": "inspections/../x.log"},
        {"op": "note", "path": "summary.json"},
        {
            "op": "commit",
            "task": "t",
            "attempt": 1,
            "units": [{"path": "summary.json", "parts": []}],
        },
        {"op": "commit", "task": "t", "attempt": 1},
        {"op": "dance"},
    ],
)
def test_what_nobody_may_ask_is_refused(scene: FileScene, request_: Json) -> None:
    scene.here.journal.write_text("secret")
    frame = packed({"id": 7, **request_})  # type: ignore[typeddict-item]
    reply, data = reply_of(asyncio.run(scene.store.answer(frame)))
    assert (data, "error" in reply) == (b"", True)
    for torn in (b"", b"\0\0\0\x09{}", frame[:-2]):
        assert "error" in reply_of(asyncio.run(scene.store.answer(torn)))[0]

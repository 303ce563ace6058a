"""Who asks for files, and what is answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakes.file_scene import FileScene
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.files.frames import packed, request_of


def test_an_answer_that_cannot_be_read_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for another."""
    scene = FileScene(tmp_path)

    async def odd(frame: bytes) -> bytes:
        number = request_of(frame)[0]["id"]
        return packed({"id": number, "lacking": "all"})  # type: ignore[typeddict-item]

    async def work() -> None:
        async with scene.files() as files:
            monkeypatch.setattr(scene.store, "answer", odd)
            with pytest.raises(SaturnError) as refused:
                await files.have("payloads/0123456789abcdef.pkl")
            assert refused.value.code == "bad-message"

    asyncio.run(work())

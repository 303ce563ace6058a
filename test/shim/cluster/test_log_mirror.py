"""Logs that grow on a node follow to its session, which does not share its folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakes.file_scene import FileScene
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.files.log_mirror import LogMirror

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def scene(tmp_path: Path) -> FileScene:
    return FileScene(tmp_path)


def test_logs_follow_and_begin_anew(scene: FileScene) -> None:
    def append(path: Path, text: str) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(text)

    append(scene.here.step_log("t"), '{"step":1}\n')

    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            log, ranks = scene.there.step_log("t"), scene.there.attempt("t", 1) / "rank0.log"
            mirror = LogMirror(scene.there, files, "t", 1)
            mirror.take_as_told()
            before = scene.here.step_log("t").stat().st_ino
            append(log, '{"step":2}\n{"step')
            append(ranks, "half a line")
            await mirror.push()
            # Of a log that is read by lines, whole ones alone; and nothing twice.
            assert scene.here.step_log("t").read_text() == '{"step":1}\n{"step":2}\n'
            assert scene.here.step_log("t").stat().st_ino == before
            assert (scene.here.attempt("t", 1) / "rank0.log").read_text() == "half a line"
            log.unlink()
            append(log, '{"step":0}\n' * 99)
            await mirror.push()
            assert scene.here.step_log("t").read_text() == '{"step":0}\n' * 99
            assert scene.here.step_log("t").stat().st_ino != before
            # The session's was removed: it gets all of it.
            scene.here.step_log("t").unlink()
            append(log, '{"step":1}\n')
            with pytest.raises(SaturnError):
                await mirror.push()
            await mirror.push()
            assert scene.here.step_log("t").read_text() == log.read_text()
            with pytest.raises(SaturnError):
                await files.append("tasks/t/model.pt", "t", 1, 0, b"x")
            mirror.close()

    asyncio.run(work())


def test_two_who_push_a_log_push_it_once(scene: FileScene) -> None:
    """As when a checkpoint is told of while logs follow by the clock."""

    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            mirror = LogMirror(scene.there, files, "t", 1)
            scene.there.step_log("t").write_text('{"step":1}\n')
            await asyncio.gather(mirror.push(), mirror.push())
            mirror.close()

    asyncio.run(work())
    assert scene.ops().count("append") == 1
    assert scene.here.step_log("t").read_text() == '{"step":1}\n'

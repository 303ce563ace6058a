"""Files of tasks between a node and its session, over a real socket; no folder is shared."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.file_scene import FileScene, commit, newest
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.files import unit_folder
from jupyterlab_saturn.files.content_hashes import ContentHashes
from jupyterlab_saturn.files.frames import CHUNK, WINDOW, packed, request_of
from jupyterlab_saturn.generated.wire_types import FilePart
from jupyterlab_saturn.training.run.attempt_claim import AttemptClaim

pytestmark = pytest.mark.timeout(30)

BIG = CHUNK * 3 + 17


@pytest.fixture
def scene(tmp_path: Path) -> FileScene:
    return FileScene(tmp_path)


def refusal(error: pytest.ExceptionInfo[SaturnError]) -> str:
    return error.value.code


def test_payloads_are_brought_once_by_what_is_in_them(scene: FileScene) -> None:
    content = os.urandom(BIG)
    name = f"{hashlib.sha256(content).hexdigest()}.pkl"
    (scene.here.payloads / name).write_bytes(content)

    async def work() -> None:
        async with scene.files() as files:
            await files.have(f"payloads/{name}")
            await files.have(f"payloads/{name}")
            for path in ("payloads/0123456789abcdef.pkl", "payloads/../x.pkl", "journal.jsonl"):
                with pytest.raises(SaturnError):
                    await files.have(path)

    asyncio.run(work())
    assert scene.there.payload(name).read_bytes() == content
    assert scene.ops().count("read") == 4
    assert not list(scene.there.own.glob("passing/*"))


def test_a_checkpoint_goes_to_the_session_and_to_the_next_node(scene: FileScene) -> None:
    first, second = os.urandom(BIG), os.urandom(BIG)

    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            commit(scene.there, 1, 10, first)
            await files.send("t", 1)
            assert newest(scene.here, 1) == (10, first)
            sent = scene.ops().count("put")
            commit(scene.there, 1, 20, second)
            await files.send("t", 1)
            assert scene.ops().count("put") == 2 * sent
            # Older ones than the one before are dropped there as well.
            commit(scene.there, 1, 30, second)
            await files.send("t", 1)
            names = {path.name for path in scene.here.checkpoints("t").iterdir()}
            assert names == {"step-000000020-1", "step-000000030-1"}
            # Sent again, nothing moves.
            scene.asked.clear()
            await files.send("t", 1)
            assert scene.ops() == ["offer", "commit"]
            # The next attempt, on a node that has nothing.
            for path in scene.there.checkpoints("t").iterdir():
                unit_folder.UnitFolder(path.parent).drop(path.name)
            await files.begin("t", 2)
            assert newest(scene.there, 2) == (30, second)

    asyncio.run(work())
    assert scene.most <= WINDOW
    assert not list((scene.here.nodes / "far").glob("arriving/*"))


def test_a_late_attempt_is_refused(scene: FileScene) -> None:
    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            commit(scene.there, 1, 10, b"late")
            AttemptClaim.of_task(scene.here, "t", 2).make()
            for late in (
                files.send("t", 1),
                files.began("t", 1, 5),
                files.append("tasks/t/log.jsonl", "t", 1, 0, b"{}\n"),
                files.begin("t", 1),
            ):
                with pytest.raises(SaturnError) as refused:
                    await late
                assert refusal(refused) == "late-commit"

    asyncio.run(work())
    assert newest(scene.here, 2) is None
    assert not scene.here.step_log("t").exists()


def test_what_an_attempt_committed_and_nobody_has_is_dropped(scene: FileScene) -> None:
    commit(scene.here, 1, 10, b"known")

    async def work() -> None:
        async with scene.files() as files:
            AttemptClaim.of_task(scene.here, "t", 1).make()
            await files.begin("t", 2)
            commit(scene.there, 2, 40, b"lost with its node")
            (scene.there.task("t") / "log.jsonl").write_text("{}\n")
            await files.begin("t", 3)
            assert newest(scene.there, 3) == (10, b"known")
            assert not scene.there.step_log("t").exists()
            # What attempts know of each other is the same on both sides.
            claims = {path.name for path in scene.there.claims("t").iterdir()}
            assert claims == {path.name for path in scene.here.claims("t").iterdir()}
            assert claims == {"1", "2", "3"}

    asyncio.run(work())


def test_a_file_that_grows_meanwhile_is_sent_as_it_was(
    scene: FileScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a library's log of events, beside its checkpoints."""
    events = scene.there.native("t") / "events"
    part = ContentHashes.part

    def growing(*args: Any, **options: Any) -> FilePart:
        told = part(*args, **options)
        if args[1].stat().st_ino == events.stat().st_ino:
            with events.open("a") as file:
                file.write("more\n")
        return told

    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            events.parent.mkdir()
            events.write_text("first\n")
            monkeypatch.setattr(ContentHashes, "part", growing)
            await files.send("t", 1)
            monkeypatch.undo()

    asyncio.run(work())
    assert (scene.here.native("t") / "events").read_text() == "first\n"
    assert events.read_text() == "first\nmore\n"


def test_what_is_dropped_while_it_is_brought_is_looked_for_again(scene: FileScene) -> None:
    commit(scene.here, 1, 10, b"older")
    dropped = commit(scene.here, 1, 20, b"late")

    def drop(frame: bytes) -> bytes:
        if request_of(frame)[0]["op"] == "read":
            shutil.rmtree(dropped, ignore_errors=True)
        return frame

    async def work() -> None:
        async with scene.files() as files:
            AttemptClaim.of_task(scene.here, "t", 1).make()
            scene.spoil = drop
            await files.begin("t", 2)

    asyncio.run(work())
    assert scene.ops().count("begin") == 2
    assert newest(scene.there, 2) == (10, b"older")


def damaged(times: int) -> Callable[[bytes], bytes]:
    """Changes a byte of the first so many contents that are put."""
    left = times

    def spoil(frame: bytes) -> bytes:
        nonlocal left
        request, data = request_of(frame)
        if request["op"] == "put" and left > 0:
            left -= 1
            return packed(request, bytes([data[0] ^ 1]) + data[1:])
        return frame

    return spoil


def test_what_arrives_damaged_is_sent_again(scene: FileScene) -> None:
    content = os.urandom(100)

    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            commit(scene.there, 1, 10, content)
            scene.spoil = damaged(1)
            await files.send("t", 1)
            assert newest(scene.here, 1) == (10, content)
            scene.spoil = damaged(99)
            commit(scene.there, 1, 20, content * 2)
            with pytest.raises(SaturnError) as refused:
                await files.send("t", 1)
            assert refusal(refused) == "files-damaged"
            assert newest(scene.here, 1) == (10, content)

    asyncio.run(work())


def test_a_full_disk_on_either_side(scene: FileScene, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SaturnError("disk-full", "It is full.")

    def refuse(folder: Path, need_bytes: int, what: str) -> None:
        if need_bytes:
            raise full

    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            commit(scene.there, 1, 10, b"known")
            await files.send("t", 1)
            monkeypatch.setattr("jupyterlab_saturn.files.session_store.require_room", refuse)
            commit(scene.there, 1, 20, b"too much")
            with pytest.raises(SaturnError) as refused:
                await files.send("t", 1)
            assert refusal(refused) == "disk-full"
            monkeypatch.setattr("jupyterlab_saturn.files.node_files.require_room", refuse)
            commit(scene.here, 1, 30, b"of another node")
            with pytest.raises(SaturnError) as refused:
                await files.begin("t", 2)
            assert refusal(refused) == "disk-full"

    asyncio.run(work())
    assert newest(scene.here, 1) == (30, b"of another node")


def test_a_disk_that_fills_up_is_told_of(scene: FileScene, monkeypatch: pytest.MonkeyPatch) -> None:
    def pwrite(*_: object) -> int:
        raise OSError(28, "No space left on device")

    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            commit(scene.there, 1, 10, b"x" * BIG)
            monkeypatch.setattr(os, "pwrite", pwrite)
            with pytest.raises(SaturnError) as refused:
                await files.send("t", 1)
            assert refusal(refused) == "disk-full"

    asyncio.run(work())
    assert newest(scene.here, 1) is None


def test_models_and_what_libraries_write_come_whole(scene: FileScene) -> None:
    async def work() -> None:
        async with scene.files() as files:
            await files.begin("t", 1)
            home = scene.there.task("t")
            for name in ("native/checkpoint-5", "native/checkpoint-9", "model/deep"):
                (home / name).mkdir(parents=True)
                (home / name / "part").write_bytes(os.urandom(50))
            (home / "native/checkpoint-5/saturn-identity").write_text("same")
            (home / "native/newest").symlink_to("checkpoint-5/part")
            (home / "native/outside").symlink_to("/etc/hostname")
            (home / "native/empty").mkdir()
            (home / "model.pt").write_bytes(b"weights")
            (home / "model.pt.1.tmp").write_bytes(b"half")
            await files.send("t", 1)

    asyncio.run(work())
    home = scene.here.task("t")
    found = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert found == {
        "claims/1",
        "model.pt",
        "model/deep/part",
        "native/checkpoint-5/part",
        "native/checkpoint-5/saturn-identity",
        "native/newest",
    }

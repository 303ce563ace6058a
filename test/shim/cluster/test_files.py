"""Files of tasks between a node and its session, over a real socket; no folder is shared."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import zmq
import zmq.asyncio
from fakes.bench import Json
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.files import node_folder, unit_folder
from jupyterlab_saturn.files.content_hashes import ContentHashes
from jupyterlab_saturn.files.file_line import FileLine
from jupyterlab_saturn.files.frames import CHUNK, WINDOW, packed, reply_of, request_of
from jupyterlab_saturn.files.log_mirror import LogMirror
from jupyterlab_saturn.files.node_files import NodeFiles
from jupyterlab_saturn.files.session_store import SessionStore
from jupyterlab_saturn.generated.wire_types import FilePart
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.training.run.atomic_checkpoint import AtomicCheckpoints
from jupyterlab_saturn.training.run.attempt_claim import AttemptClaim
from jupyterlab_saturn.training.run.checkpoint_manifest import fingerprint

pytestmark = pytest.mark.timeout(30)

BIG = CHUNK * 3 + 17


class Scene:
    """A session and a node, each with a folder of its own, and what carries frames.

    Attributes
    ----------
    spoil
        Changes what a node says on its way.
    asked
        What was asked, in order.
    most
        So many requests were under way at once.
    """

    def __init__(self, folder: Path) -> None:
        self.here = SessionPaths("s", folder / "here").ensure()
        (folder / "there" / "s").mkdir(0o700, parents=True)
        (folder / "there").chmod(0o700)
        self.there = SessionPaths("s", folder / "there", "far").ensure()
        self.store = SessionStore(self.here, "far")
        self.spoil: Callable[[bytes], bytes] = lambda frame: frame
        self.asked: list[Json] = []
        self.most = 0

    @contextlib.asynccontextmanager
    async def files(self) -> AsyncIterator[NodeFiles]:
        socket = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
        endpoint = f"ipc://{self.there.folder.parent}/f.sock"
        socket.bind(endpoint)
        carrying = asyncio.create_task(self._carry(socket))
        files = NodeFiles(self.there, FileLine(endpoint))
        try:
            yield files
        finally:
            await files.close()
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)
            socket.close(0)

    async def _carry(self, socket: zmq.asyncio.Socket) -> None:
        under_way: set[asyncio.Task[None]] = set()

        async def answer(identity: bytes, frame: bytes) -> None:
            await socket.send_multipart([identity, await self.store.answer(frame)])

        while True:
            identity, frame = await socket.recv_multipart()
            with contextlib.suppress(SaturnError):
                self.asked.append(dict(request_of(frame)[0]))
            task = asyncio.create_task(answer(identity, self.spoil(frame)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            self.most = max(self.most, len(under_way))

    def ops(self) -> list[str]:
        return [request["op"] for request in self.asked]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def commit(paths: SessionPaths, attempt: int, step: int, content: bytes, task: str = "t") -> Path:
    """A checkpoint, as a rank of an attempt commits it."""
    claim = AttemptClaim.of_task(paths, task, attempt)
    saving = AtomicCheckpoints(paths.checkpoints(task), "same", claim)
    folder = saving.begin(step, len(content))
    (folder / "weights").write_bytes(content)
    return saving.commit(step, {"weights": fingerprint(folder / "weights")}, {})


def newest(paths: SessionPaths, attempt: int, task: str = "t") -> tuple[int, bytes] | None:
    """Step and content of the checkpoint that an attempt goes on from."""
    claim = AttemptClaim.of_task(paths, task, attempt)
    saved = AtomicCheckpoints(paths.checkpoints(task), "same", claim)
    manifest = saved.newest()
    return manifest and (manifest["step"], (saved.path(manifest) / "weights").read_bytes())


def refusal(error: pytest.ExceptionInfo[SaturnError]) -> str:
    return error.value.code


def test_payloads_are_brought_once_by_what_is_in_them(scene: Scene) -> None:
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


def test_a_checkpoint_goes_to_the_session_and_to_the_next_node(scene: Scene) -> None:
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


def test_a_late_attempt_is_refused(scene: Scene) -> None:
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


def test_what_an_attempt_committed_and_nobody_has_is_dropped(scene: Scene) -> None:
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
    scene: Scene, monkeypatch: pytest.MonkeyPatch
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


def test_what_is_dropped_while_it_is_brought_is_looked_for_again(scene: Scene) -> None:
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


def test_what_arrives_damaged_is_sent_again(scene: Scene) -> None:
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


def test_a_full_disk_on_either_side(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_disk_that_fills_up_is_told_of(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_logs_follow_and_begin_anew(scene: Scene) -> None:
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


def test_two_who_push_a_log_push_it_once(scene: Scene) -> None:
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


def test_models_and_what_libraries_write_come_whole(scene: Scene) -> None:
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
def test_what_nobody_may_ask_is_refused(scene: Scene, request_: Json) -> None:
    scene.here.journal.write_text("secret")
    frame = packed({"id": 7, **request_})  # type: ignore[typeddict-item]
    reply, data = reply_of(asyncio.run(scene.store.answer(frame)))
    assert (data, "error" in reply) == (b"", True)
    for torn in (b"", b"\0\0\0\x09{}", frame[:-2]):
        assert "error" in reply_of(asyncio.run(scene.store.answer(torn)))[0]


def test_a_nodes_folder_keeps_no_more_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    paths = node_folder.make_node_folder("/else/where/s", "far")
    assert (
        node_folder.is_node_folder(paths) and node_folder.session_folder(paths) == "/else/where/s"
    )
    assert paths.folder.name == "s"
    # The name of a session makes no other one a copy.
    for session in ("carried", "other"):
        SessionPaths(session, tmp_path / "home").ensure()
    assert not node_folder.is_node_folder(SessionPaths("other", tmp_path / "home", "far"))
    for age, name in enumerate(("new", "old", "used")):
        paths.task(name).mkdir()
        (paths.task(name) / "f").write_bytes(bytes(100))
        os.utime(paths.task(name), (1e9 - age, 1e9 - age))
    asyncio.run(node_folder.trim(paths, lambda name: name == "used", most=250))
    assert {path.name for path in paths.tasks.iterdir()} == {"new", "used"}
    left = node_folder.make_node_folder("/else/where/s", "left")
    os.utime(left.folder.parent, (1e9, 1e9))
    node_folder.make_node_folder("/else/where/s", "far")
    assert not left.folder.exists()
    node_folder.remove_node_folder(paths)
    assert not paths.folder.parent.exists()

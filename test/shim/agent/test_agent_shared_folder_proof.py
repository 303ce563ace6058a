"""Whether another node shares the session's folder, and what keeps its files from being seen."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.agent import shared_folder_proof
from jupyterlab_saturn.agent.payload_arrival import PayloadArrival
from jupyterlab_saturn.agent.shared_folder_proof import SharedFolderProof, answer_proof
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths

NODE = "far"


@pytest.fixture
def paths(tmp_path: Path) -> SessionPaths:
    SessionPaths("s", tmp_path).ensure()
    return SessionPaths("s", tmp_path, NODE).ensure()


def test_a_folder_that_is_shared_is_proven_with_its_locks(paths: SessionPaths) -> None:
    with SharedFolderProof(paths) as proof:
        told = answer_proof(SessionPaths.of_folder(paths.folder, NODE), proof.name)
        assert proof.check() == told
        assert told["locks"] is True
    assert list(paths.own.iterdir()) == []


def test_a_file_that_is_seen_late_is_waited_for(paths: SessionPaths, tmp_path: Path) -> None:
    with SharedFolderProof(paths) as proof:
        hidden = tmp_path / "hidden"
        (paths.own / proof.name).rename(hidden)
        late = threading.Timer(0.5, lambda: hidden.rename(paths.own / proof.name))
        late.start()
        answer_proof(paths, proof.name)
        proof.check()


def test_what_is_not_seen_there_is_no_shared_folder(paths: SessionPaths, tmp_path: Path) -> None:
    other = SessionPaths("s", tmp_path / "mnt", NODE)
    with SharedFolderProof(paths) as proof:
        with pytest.raises(SaturnError) as caught:
            answer_proof(other, proof.name, patience=0.3)
        assert caught.value.code == "no-shared-folder"
        assert str(other.folder) in caught.value.message and NODE in caught.value.message
        assert not other.folder.exists()


def test_what_is_not_seen_here_is_no_shared_folder(paths: SessionPaths, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with SharedFolderProof(paths, patience=0.3) as proof:
        shutil.copytree(paths.folder, copy / "s")  # as by a file system that is copied now and then
        answer_proof(SessionPaths("s", copy, NODE), proof.name)
        with pytest.raises(SaturnError) as caught:
            proof.check()
    assert caught.value.code == "no-shared-folder"
    assert "NFS" in (caught.value.hint or "")


def test_an_answer_of_another_node_or_a_made_up_one_is_none(paths: SessionPaths) -> None:
    with SharedFolderProof(paths, patience=0.3) as proof:
        for text in (
            "",
            "{",
            "[]",
            "null",
            '{"host":"x"}',
            '{"host":"x","locks":true,"proof":"1"}',
        ):
            (paths.own / f"{proof.name}.answer").write_text(text)
            with pytest.raises(SaturnError) as caught:
                proof.check()
            assert caught.value.code == "no-shared-folder"


def test_what_a_killed_one_has_left_is_swept(paths: SessionPaths) -> None:
    (paths.own / "proof-0123").touch()
    (paths.own / "proof-0123.answer").touch()
    with SharedFolderProof(paths) as proof:
        assert [path.name for path in paths.own.iterdir()] == [proof.name]


def test_a_folder_that_others_may_enter_there_is_refused(paths: SessionPaths) -> None:
    with SharedFolderProof(paths) as proof:
        paths.folder.chmod(0o750)
        with pytest.raises(SaturnError) as caught:
            answer_proof(paths, proof.name)
        paths.folder.chmod(0o700)
    assert caught.value.code == "unsafe-folder"


@pytest.mark.parametrize(("error", "told"), [(None, False), (OSError(95, "no"), None)])
def test_locks_that_do_not_hold_between_nodes_are_told(
    paths: SessionPaths, monkeypatch: pytest.MonkeyPatch, error: OSError | None, told: bool | None
) -> None:
    class Flock:
        LOCK_EX, LOCK_NB = fcntl.LOCK_EX, fcntl.LOCK_NB

        def flock(self, *_: object) -> None:
            if error is not None:
                raise error

    monkeypatch.setattr(shared_folder_proof, "fcntl", Flock())
    with SharedFolderProof(paths) as proof:
        assert answer_proof(paths, proof.name)["locks"] is told


@pytest.fixture
def over_nfs(tmp_path: Path) -> Iterator[tuple[SessionPaths, SessionPaths]]:
    """The session's folder, and how another mount of it shows it: bound, as no NFS is at hand."""
    if os.getuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("only root mounts")
    there = tmp_path / "mnt"
    there.mkdir()
    SessionPaths("s", tmp_path / "home").ensure()
    mounted = subprocess.run(["mount", "--bind", str(tmp_path / "home"), str(there)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this root may not mount")
    try:
        yield SessionPaths("s", tmp_path / "home", NODE), SessionPaths("s", there, NODE)
    finally:
        subprocess.run(["umount", str(there)], check=True)


def test_through_another_mount_the_folder_is_the_same(
    over_nfs: tuple[SessionPaths, SessionPaths],
) -> None:
    here, there = over_nfs
    with SharedFolderProof(here) as proof:
        assert answer_proof(there, proof.name) == proof.check()


def task_of(content: bytes, paths: SessionPaths, world: bytes | None = None) -> Any:
    digest = hashlib.sha256(content).hexdigest()[:32]
    task = {"name": "t", "payload": f"{digest}.pkl"}
    if world is not None:
        task["world"] = f"{hashlib.sha256(world).hexdigest()[:32]}.json"
    return task


def test_a_payload_that_comes_late_is_waited_for(paths: SessionPaths) -> None:
    task = task_of(b"code", paths, b"{}")
    late = threading.Timer(0.3, lambda: paths.payload(task["payload"]).write_bytes(b"code"))
    later = threading.Timer(0.6, lambda: paths.world(task["world"]).write_bytes(b"{}"))
    late.start()
    later.start()
    asyncio.run(PayloadArrival(paths).of([task]))
    assert paths.world(task["world"]).exists()


def test_a_payload_of_which_a_part_is_there_is_waited_for(paths: SessionPaths) -> None:
    task = task_of(b"the whole code", paths)
    path = paths.payload(task["payload"])
    path.write_bytes(b"the whole")
    threading.Timer(0.3, lambda: path.write_bytes(b"the whole code")).start()
    arrival = PayloadArrival(paths)
    asyncio.run(arrival.of([task]))
    assert path.read_bytes() == b"the whole code"
    path.unlink()  # what was seen once is not looked for again
    asyncio.run(arrival.of([task]))


@pytest.mark.parametrize(
    ("content", "wrong"), [(None, "cannot be read"), (b"other", "holds something else")]
)
def test_a_payload_that_does_not_come_is_named(
    paths: SessionPaths, content: bytes | None, wrong: str
) -> None:
    task = task_of(b"code", paths)
    if content is not None:
        paths.payload(task["payload"]).write_bytes(content)
    with pytest.raises(SaturnError) as caught:
        asyncio.run(PayloadArrival(paths, patience=0.2).of([task]))
    assert caught.value.code == "no-payload"
    assert wrong in caught.value.message and NODE in caught.value.message


def test_names_that_are_no_digest_are_taken_as_they_are(paths: SessionPaths) -> None:
    task: Any = {"name": "t", "payload": "0123456789abcdef.pkl"}
    paths.payload(task["payload"]).write_bytes(b"anything")
    asyncio.run(PayloadArrival(paths).of([task]))


def test_on_the_sessions_own_node_nothing_is_waited_for(tmp_path: Path) -> None:
    own = SessionPaths("s", tmp_path).ensure()
    arrival = PayloadArrival(own, patience=1e9)
    asyncio.run(asyncio.wait_for(arrival.of([task_of(b"code", own)]), 30.0))

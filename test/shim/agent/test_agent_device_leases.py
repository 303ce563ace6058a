"""A device is used by one session at a time; who comes second is told by whom."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.bench import EngineEar, Json, agent, session, task
from jupyterlab_saturn.agent import file_lock
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths
from waiting import SECONDS, until


def cpu(number: int, *cores: int) -> Json:
    return {
        "id": f"cpu{number}",
        "kind": "cpu",
        "name": f"CPU cores {cores}",
        "memoryBytes": 1 << 30,
        "cores": list(cores),
    }


def gpu(number: int, uuid: str) -> Json:
    name = "NVIDIA H200"
    return {"id": f"cuda{number}", "kind": "cuda", "name": name, "memoryBytes": 0, "uuid": uuid}


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SessionPaths, SessionPaths]]:
    """Two sessions of one user; the folder's path is short enough for sockets."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("XDG_STATE_HOME", folder)
        home = Path(folder)
        yield SessionPaths("mine", home / "a"), SessionPaths("theirs", home / "b")


@contextlib.contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(SaturnError) as caught:
        yield
    assert caught.value.code == "device-busy"
    assert caught.value.hint is not None and "%saturn cluster" in caught.value.hint


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (cpu(0, 0, 1), cpu(3, 1)),
        (gpu(0, "GPU-aa"), gpu(1, "GPU-aa")),
    ],
)
def test_two_sessions_do_not_share_hardware(
    homes: tuple[SessionPaths, SessionPaths], held: Json, wanted: Json
) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with theirs.hold([held]):
        with refused(), mine.hold([wanted]):
            raise AssertionError("both hold it")
        with mine.hold([cpu(0, 5), gpu(5, "GPU-bb")]):
            pass
    with mine.hold([wanted]):
        pass
    assert list(homes[0].leases.iterdir()) == []


def test_the_refusal_names_the_owner(homes: tuple[SessionPaths, SessionPaths]) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with theirs.hold([cpu(0, 0)]), pytest.raises(SaturnError) as caught, mine.hold([cpu(7, 0)]):
        pass
    assert f"session 'theirs' in {homes[1].folder}" in caught.value.message
    assert "cpu7" in caught.value.message
    assert f"process {os.getpid()}" in caught.value.message


def test_whether_a_device_is_free_is_seen_without_taking_it(
    homes: tuple[SessionPaths, SessionPaths],
) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    assert mine.is_free(cpu(0, 0, 1))
    with theirs.hold([cpu(5, 1)]):
        assert [mine.is_free(cpu(0, core)) for core in (0, 1)] == [True, False]
        assert theirs.is_free(cpu(0, 1))
    assert mine.is_free(cpu(0, 0, 1))


def test_who_only_looks_keeps_nobody_from_taking(
    homes: tuple[SessionPaths, SessionPaths], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with theirs.hold([cpu(0, 0)]):
        [lease] = homes[0].leases.iterdir()
        owner = lease.read_bytes()
    lease.write_bytes(owner)  # as one leaves it that is killed
    with lease.open("rb") as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        monkeypatch.setattr(file_lock.time, "sleep", lambda _: fcntl.flock(look, fcntl.LOCK_UN))
        with mine.hold([cpu(0, 0)]), refused(), theirs.hold([cpu(0, 0)]):
            pass


def test_the_folder_of_leases_stays_while_a_session_lives(
    homes: tuple[SessionPaths, SessionPaths], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    folder = homes[0].leases
    with mine.hold([cpu(0, 0)]):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        mine.restore()
        with refused(), theirs.hold([cpu(0, 0)]):
            pass
    assert not any(folder.iterdir())
    assert not any(tmp_path.iterdir())


def test_a_folder_that_cannot_be_reached_hides_no_error_and_keeps_no_lock(
    homes: tuple[SessionPaths, SessionPaths],
) -> None:
    def stale(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))

    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(LookupError),
        mine.hold([cpu(0, 0), cpu(1, 1)]),
    ):
        patch.setattr(Path, "unlink", stale)
        raise LookupError
    assert mine.held == frozenset()
    with theirs.hold([cpu(0, 0), cpu(1, 1)]):
        pass


def test_a_lease_that_is_not_to_be_had_is_told_once(
    homes: tuple[SessionPaths, SessionPaths], caplog: pytest.LogCaptureFixture
) -> None:
    mine = DeviceLeases(homes[0])
    folder = homes[0].leases
    with mine.hold([cpu(0, 0)]):
        shutil.rmtree(folder.parent)
        folder.parent.touch()
        for _ in range(3):
            mine.restore()
        folder.parent.unlink()
        mine.restore()
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "The lease of core-0 is gone, and is not to be had",
        "The lease of core-0 was removed, and is made anew.",
    ]


def test_what_others_left_long_ago_is_swept(homes: tuple[SessionPaths, SessionPaths]) -> None:
    leases = DeviceLeases(homes[0])
    with leases.hold([cpu(0, 0)]):
        folder = homes[0].leases
        [held] = folder.iterdir()
        old, locked, new, other = (
            folder / name
            for name in ("core-1@old.lock", "core-2@old.lock", "core-3@old.lock", "other")
        )
        for path in (old, locked, new, other):
            path.touch()
        for path in (held, old, locked, other):
            os.utime(path, (0, 0))
        with locked.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            leases.sweep()
        assert {*folder.iterdir()} == {held, locked, new, other}


def test_a_lease_whose_file_was_removed_is_made_anew(
    homes: tuple[SessionPaths, SessionPaths],
) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with mine.hold([cpu(0, 0)]), mine.hold([cpu(0, 0)]):
        shutil.rmtree(homes[0].leases)
        mine.restore()
        mine.restore()
        with refused(), theirs.hold([cpu(0, 0)]):
            pass
    assert not any(homes[0].leases.iterdir())
    with mine.hold([cpu(0, 0)]):
        shutil.rmtree(homes[0].leases)
        with theirs.hold([cpu(0, 0)]):  # it was quicker
            mine.restore()
            with refused(), DeviceLeases(homes[0]).hold([cpu(0, 0)]):
                pass
    with theirs.hold([cpu(0, 0)]):
        pass
    assert not any(homes[0].leases.iterdir())


def test_leases_are_not_kept_where_sockets_are(
    homes: tuple[SessionPaths, SessionPaths], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with theirs.hold([cpu(0, 0)]):
        shutil.rmtree(tmp_path)
        with refused(), mine.hold([cpu(0, 0)]):
            pass
    for home in (f"{tmp_path}/missing", "/dev/null/nowhere", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", home)
        assert homes[0].leases.is_absolute()


def test_jobs_of_one_session_may_share(homes: tuple[SessionPaths, SessionPaths]) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with mine.hold([cpu(0, 0), cpu(1, 0)]):
        with mine.hold([cpu(1, 0)]):
            pass
        with refused(), theirs.hold([cpu(0, 0)]):
            pass
    with theirs.hold([cpu(0, 0)]):
        pass


def test_what_is_refused_holds_nothing(homes: tuple[SessionPaths, SessionPaths]) -> None:
    mine, theirs = (DeviceLeases(paths) for paths in homes)
    with theirs.hold([cpu(1, 1)]):
        with refused(), mine.hold([cpu(0, 0), cpu(1, 1), cpu(2, 2)]):
            pass
        with theirs.hold([cpu(0, 0), cpu(2, 2)]):
            pass


def test_the_name_of_an_owner_long_gone_keeps_nobody_out(
    homes: tuple[SessionPaths, SessionPaths],
) -> None:
    with DeviceLeases(homes[0]).hold([cpu(0, 0)]):
        [note] = homes[0].leases.iterdir()
    note.write_text("a name longer than the one that follows, and not even of the right kind" * 9)
    with DeviceLeases(homes[0]).hold([cpu(0, 0)]):
        assert json.loads(note.read_text())["session"] == "mine"


ONE = {"technique": "single", "devices": 1}


def train(ear: EngineEar, name: str, acts: str) -> None:
    body = {
        "task": task(name, ranks=acts),
        "attempt": 1,
        "steps": 8,
        "strategy": ONE,
        "devices": ["cpu0"],
        "checkpointSeconds": 60,
    }
    ear.say("group.start", body)


def test_two_agents_on_one_device() -> None:
    with session() as (mine, _):
        theirs = SessionPaths("theirs", mine.folder.parent).ensure()
        with EngineEar(mine) as my_ear, EngineEar(theirs) as their_ear, agent(mine):
            with agent(theirs) as owner:
                for ear in (my_ear, their_ear):
                    ear.hear("agent.hello")
                    ear.say("cluster.set", {"request": {"kind": "cpu", "count": 1}})
                    ear.hear("cluster.report")
                train(their_ear, "theirs", "started 0;sleep 300")
                their_ear.hear_event("started")

                train(my_ear, "mine", "finished 8")
                refusal = my_ear.hear_event("failed", "finished", "lost")["body"]
                assert refusal["kind"] == "failed"
                assert refusal["error"]["code"] == "device-busy"
                assert str(theirs.folder) in refusal["error"]["message"]
                trial = {
                    "trial": "x",
                    "task": task(ranks="trial 0.5"),
                    "signature": "s",
                    "strategy": ONE,
                    "devices": ["cpu0"],
                    "deadlineSeconds": 60,
                }
                my_ear.say("trial.start", trial)
                cell = my_ear.hear("trial.result")["body"]["cell"]
                assert (cell["status"], cell["error"]["code"]) == ("failed", "device-busy")

                # However the owner ends, what it held is free; and who waits for it is told.
                owner.kill()
                owner.wait(SECONDS)
                freed = my_ear.hear("devices.freed")["body"]
                assert freed["devices"] == ["cpu0"]
            train(my_ear, "again", "finished 8")
            until(lambda: my_ear.hear_event("failed", "finished")["body"]["task"] == "again")
            assert not list(mine.leases.glob("core-*.lock"))


def test_a_session_knows_what_it_holds(homes: tuple[SessionPaths, SessionPaths]) -> None:
    mine = DeviceLeases(homes[0])
    with mine.hold([gpu(0, "GPU-aa"), cpu(1, 3)]):
        assert mine.held == {"GPU-aa", "core-3"}
    assert mine.held == frozenset()

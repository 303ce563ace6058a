"""A checkpoint is there whole or not at all, wherever the process dies."""

from __future__ import annotations

import os
import shutil
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.run.atomic_checkpoint import AtomicCheckpoints
from jupyterlab_saturn.training.run.checkpoint_manifest import fingerprint

KILLED = 9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


def save(commits: AtomicCheckpoints, step: int, weights: str | None = None) -> None:
    temporary = commits.begin(step, need_bytes=100)
    (temporary / "weights").write_text(weights or f"weights of {step}")
    commits.commit(step, {"weights": fingerprint(temporary / "weights")}, {"loss": step / 10})


def newest(folder: Path, identity: str = "a") -> int:
    manifest = AtomicCheckpoints(folder, identity).newest()
    return 0 if manifest is None else manifest["step"]


def test_nothing_is_there_at_first(folder: Path) -> None:
    assert newest(folder) == 0


def test_the_newest_two_are_kept(folder: Path) -> None:
    commits = AtomicCheckpoints(folder, "a")
    for step in (1, 2, 10):
        save(commits, step)
    assert newest(folder) == 10
    assert sorted(path.name for path in folder.iterdir()) == ["step-000000002", "step-000000010"]
    manifest = commits.newest()
    assert manifest is not None
    assert manifest["loss"] == 1.0


def test_another_identity_sees_nothing_and_may_save_the_same_step(folder: Path) -> None:
    save(AtomicCheckpoints(folder, "a"), 5)
    assert newest(folder, "b") == 0
    save(AtomicCheckpoints(folder, "b"), 5)
    assert (newest(folder, "a"), newest(folder, "b")) == (0, 5)


@pytest.mark.parametrize("harm", ["cut", "flip", "file gone", "manifest cut", "manifest gone"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    folder: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    commits = AtomicCheckpoints(folder, "a")
    save(commits, 1)
    save(commits, 2)
    weights, manifest = (folder / "step-000000002" / name for name in ("weights", "manifest.json"))
    match harm:
        case "cut":
            weights.write_text("weights")
        case "flip":
            weights.write_text("Weights of 2")
        case "file gone":
            weights.unlink()
        case "manifest cut":
            manifest.write_text(manifest.read_text()[:-5])
        case "manifest gone":
            manifest.unlink()
    assert newest(folder) == 1
    [warning] = caplog.messages
    assert f"The checkpoint {folder / 'step-000000002'} is damaged" in warning


def test_damaged_checkpoints_do_not_take_the_place_of_good_ones(folder: Path) -> None:
    commits = AtomicCheckpoints(folder, "a")
    for step in (10, 20):
        save(commits, step)
    (folder / "step-000000020" / "weights").write_text("spoilt")
    assert newest(folder) == 10
    save(commits, 15)
    assert sorted(path.name for path in folder.iterdir()) == ["step-000000010", "step-000000015"]


def test_what_was_trained_otherwise_is_passed_over_without_a_word(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(AtomicCheckpoints(folder, "another"), 3)
    assert newest(folder) == 0
    assert caplog.messages == []


def test_a_full_disk_is_refused_before_anything_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = AtomicCheckpoints(folder, "a")
    save(commits, 1)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1000, 881, 119))
    with pytest.raises(SaturnError) as caught:
        commits.begin(2, need_bytes=100)
    assert caught.value.code == "disk-full"
    assert [path.name for path in folder.iterdir()] == ["step-000000001"]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1000, 880, 120))
    commits.begin(2, need_bytes=100)


def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """Die at each access to the file system in turn, on the way from step 2 to step 3."""
    outcomes = []
    for moment in range(1, 100):
        folder = tmp_path / str(moment)
        commits = AtomicCheckpoints(folder, "a")
        save(commits, 1)
        save(commits, 2)
        killed = die_at(moment, lambda commits=commits: save(commits, 3))
        outcomes.append(newest(folder))
        save(AtomicCheckpoints(folder, "a"), 4)
        assert newest(folder) == 4
        assert not list(folder.glob("*.tmp"))
        if not killed:
            break
    assert len(outcomes) > 8
    # Up to some moment the old one counts, from then on the new one: never none.
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {2, 3}


def test_a_kill_while_a_step_is_saved_again_leaves_one_of_the_two(tmp_path: Path) -> None:
    """It is the only one, and was good."""
    outcomes = []
    for moment in range(1, 100):
        folder = tmp_path / str(moment)
        save(AtomicCheckpoints(folder, "a"), 2, "old")
        killed = die_at(moment, lambda at=folder: save(AtomicCheckpoints(at, "a"), 2, "new"))
        commits = AtomicCheckpoints(folder, "a")
        assert newest(folder) == 2
        manifest = commits.newest()
        assert manifest is not None
        outcomes.append((commits.path(manifest) / "weights").read_text())
        save(commits, 3)
        assert [path.name for path in sorted(folder.iterdir())] == [
            "step-000000002",
            "step-000000003",
        ]
        if not killed:
            break
    assert len(outcomes) > 8
    assert outcomes == sorted(outcomes, reverse=True)
    assert set(outcomes) == {"old", "new"}


def die_at(moment: int, work: Any) -> bool:
    """Do the work in a child that is killed at its n-th file operation. Whether it was."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, _arguments: tuple[Any, ...]) -> None:
            nonlocal count
            if event == "open" or event.startswith(("os.", "shutil.")):
                count += 1
                if count == moment:
                    os._exit(KILLED)

        sys.addaudithook(hook)
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED

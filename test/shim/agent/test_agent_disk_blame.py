from __future__ import annotations

import errno
import resource
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterlab_saturn.agent.disk_blame import blaming_disk
from jupyterlab_saturn.agent.group_outcome import GroupOutcome
from jupyterlab_saturn.errors import failure_of, not_written

SILENT = GroupOutcome("failed", error={"code": "rank-failed", "message": "Rank 0 said nothing."})


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=size))


def test_a_failure_on_a_full_disk_is_the_disk_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 0)
    outcome = blaming_disk(SILENT, tmp_path)
    assert outcome.kind == "failed"
    assert outcome.error
    assert outcome.error["code"] == "disk-full"
    assert "Rank 0 said nothing." in outcome.error["traceback"]


def test_a_failure_on_a_disk_that_takes_nothing_is_the_disk_s(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)]
    try:
        made = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount(8)")
    if made.returncode != 0:
        pytest.skip("this user may not mount a disk")
    try:
        outcome = blaming_disk(SILENT, tmp_path)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert outcome.error
    assert outcome.error["code"] == "disk-failed"
    assert outcome.error["message"].endswith("Read-only file system.")
    assert "Rank 0 said nothing." in outcome.error["traceback"]
    assert blaming_disk(SILENT, tmp_path / "removed") is SILENT
    assert list(tmp_path.iterdir()) == []


def test_an_agent_without_descriptors_does_not_blame_the_disk(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        outcome = blaming_disk(SILENT, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert outcome is SILENT


def test_with_room_and_for_other_ends_all_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert blaming_disk(SILENT, tmp_path) is SILENT
    free(monkeypatch, 0)
    for kind in ("finished", "stopped", "oom", "lost"):
        other = GroupOutcome(kind)
        assert blaming_disk(other, tmp_path) is other


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_what_finds_no_room_is_not_unwritable(number: int) -> None:
    error = OSError(number, "No room")
    assert not_written(error, "It cannot be made").code == "disk-full"
    assert failure_of(error)["code"] == "disk-full"
    assert not_written(OSError(errno.EACCES, "No"), "It cannot be made").code == "not-writable"

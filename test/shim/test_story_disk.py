"""A session on a disk that fills up: real agent, engine, planner and ranks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nightly import nightly
from small_disk import small_disk
from test_story import home, lines, opened, statuses
from waiting import until

__all__ = ["home"]  # a fixture

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
SWEEP = {"lr": [0.1, 0.05, 0.02, 0.01], "pause": 0.02, "steps": 200}


@pytest.fixture
def disk(home: Path, tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o700)
    with small_disk(folder, 64) as disk:
        yield disk


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes of a disk, or none."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while shutil.disk_usage(disk).free - size >= leave:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


@pytest.mark.parametrize(
    "left",
    [pytest.param(8 << 20, id="nearly full"), pytest.param(0, id="full", marks=nightly)],
)
def test_no_task_fails_of_a_disk_that_fills_up(disk: Path, left: int) -> None:
    with opened("disk", disk / "saturn") as session:
        session.cluster(cpu=2)
        session.add(lines, SWEEP)
        session.run(exclude=ALONE, switch="never")
        until(lambda: "running" in statuses(session.state).values())
        ballast = fill(disk, left)
        if left > 0:
            until(lambda: session.state.get("pause"))
            until(lambda: set(statuses(session.state).values()) <= {"ready", "finished"})
            assert len(session.state["notices"]) == 1
            assert "paused until there is room" in session.status().text
        else:
            time.sleep(15)
        ballast.unlink()
        session.wait()
        assert set(statuses(session.state).values()) == {"finished"}
        assert "pause" not in session.state
        codes = {notice["code"] for notice in session.state["notices"]}
        assert not codes & {"not-writable", "rank-failed"}

"""Large checkpoints: each rank reads its share of the files, and none waits long for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.training.run import checkpoint as subject
from jupyterlab_saturn.training.run.atomic_checkpoint import AtomicCheckpoints
from jupyterlab_saturn.training.run.checkpoint import Checkpoints
from jupyterlab_saturn.training.run.checkpoint_manifest import fingerprint
from jupyterlab_saturn.training.runtime.device import CpuDevice
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup

RANKS = 4


class Threads(ProcessGroup):
    """Ranks that are threads, which wait for each other for so long only."""

    def __init__(self, rank: int, meeting: Meeting) -> None:
        super().__init__(rank, RANKS)
        self._meeting = meeting

    def max(self, values: Sequence[float]) -> list[float]:
        return [max(each) for each in zip(*self._meeting.exchange(self.rank, values), strict=True)]

    def on_root(self, work: Callable[[], Any]) -> Any:
        return self._meeting.exchange(self.rank, work() if self.rank == 0 else None)[0]


class Meeting:
    def __init__(self, patience: float) -> None:
        self._barrier = threading.Barrier(RANKS, timeout=patience)
        self._values: list[Any] = [None] * RANKS

    def exchange(self, rank: int, value: Any) -> list[Any]:
        self._values[rank] = value
        self._barrier.wait()
        values = list(self._values)
        self._barrier.wait()
        return values


def newest(folder: Path, patience: float = 20.0) -> list[Any]:
    """What the ranks find, by rank."""
    found: list[Any] = [None] * RANKS
    meeting = Meeting(patience)

    def look(rank: int) -> None:
        device = CpuDevice.__new__(CpuDevice)
        checkpoints = Checkpoints(folder, "a", Threads(rank, meeting), device)
        try:
            found[rank] = checkpoints._newest()
        except threading.BrokenBarrierError as error:
            found[rank] = error

    ranks = [threading.Thread(target=look, args=(rank,)) for rank in range(RANKS)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join()
    return found


def save(folder: Path, step: int, files: int = 8) -> None:
    commits = AtomicCheckpoints(folder, "a")
    temporary = commits.begin(step, 0)
    names = [f"__{number}_0.distcp" for number in range(files)]
    for number, name in enumerate(names):
        (temporary / name).write_bytes(bytes([number]) * (number + 1))
    commits.commit(step, {name: fingerprint(temporary / name) for name in names}, {})


def test_each_rank_reads_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 3)
    shares: dict[int, int] = {}
    real = AtomicCheckpoints.inspect

    def watched(self: Any, manifest: Any, part: int = 0, parts: int = 1) -> Any:
        for bit in real(self, manifest, part, parts):
            shares[part] = shares.get(part, 0) + 1
            yield bit

    monkeypatch.setattr(AtomicCheckpoints, "inspect", watched)
    assert [found["step"] for found in newest(tmp_path)] == [3] * RANKS
    assert shares == dict.fromkeys(range(RANKS), 4)  # of two files each


@pytest.mark.parametrize("number", range(8))
def test_whoever_finds_damage_all_go_on_from_the_one_before(tmp_path: Path, number: int) -> None:
    save(tmp_path, 3)
    save(tmp_path, 6)
    file = tmp_path / "step-000000006" / f"__{number}_0.distcp"
    file.write_bytes(b"x" * file.stat().st_size)
    assert [found["step"] for found in newest(tmp_path)] == [3] * RANKS


def test_a_file_that_takes_longer_than_anyone_waits_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 3, files=1)
    real = AtomicCheckpoints.inspect

    def slow(self: Any, *part: Any) -> Any:
        for bit in real(self, *part):
            for _ in range(20):
                time.sleep(0.05)
                yield bit

    monkeypatch.setattr(AtomicCheckpoints, "inspect", slow)
    monkeypatch.setattr(subject, "_TURN_SECONDS", 0.1)
    assert [found["step"] for found in newest(tmp_path, patience=0.7)] == [3] * RANKS

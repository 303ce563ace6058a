"""That the fake driver tells what the real one tells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fake_driver import LOST, MISMATCH, Card, FakeDriver, Process, Slice

DIVIDED = Card(
    mig=True,
    used="[N/A]",
    slices=(Slice("MIG-11111111-aaaa-5bbb-8ccc-0a1b2c3d4e5f"),),
    processes=(Process(7, instance=7),),
)


def ask(tool: Path, *words: str) -> tuple[str, int]:
    told = subprocess.run([tool, *words], capture_output=True, text=True, check=False)
    assert told.stderr == ""
    return told.stdout, told.returncode


def test_it_answers_queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = tuple(Card().numbered(index) for index in range(2))
    tool = FakeDriver(cards).install(tmp_path, monkeypatch)
    asked = "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"
    assert ask(tool, *asked) == (
        "0, NVIDIA H100 80GB HBM3, 81559\n1, NVIDIA H100 80GB HBM3, 81559\n",
        0,
    )
    assert ask(tool, "--query-gpu=colour", "--format=csv")[1] == 2


def test_it_lists_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = FakeDriver((DIVIDED,)).install(tmp_path, monkeypatch)
    assert "  MIG 1g.10gb     Device  0: (UUID: MIG-1111" in ask(tool, "-L")[0]
    told, code = ask(tool, "-q", "-x")
    assert code == 0
    assert "<total>9856 MiB</total>" in told
    assert "<used>N/A</used>" in told


@pytest.mark.parametrize(("bails", "rows", "code"), [(False, 1, 0), (True, 0, 15)])
def test_it_loses_a_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bails: bool, rows: int, code: int
) -> None:
    cards = Card(handle=LOST), Card().numbered(1)
    tool = FakeDriver(cards, bails=bails).install(tmp_path, monkeypatch)
    told, ended = ask(tool, "--query-gpu=index", "--format=csv,noheader")
    assert told.splitlines()[0].startswith("Unable to determine the device handle for GPU0: ")
    assert (len(told.splitlines()) - 1, ended) == (rows, code)


def test_it_fails_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = FakeDriver(says=MISMATCH, code=18).install(tmp_path, monkeypatch)
    assert ask(tool, "-L") == (f"{MISMATCH}\n", 18)

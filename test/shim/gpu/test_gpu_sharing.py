"""GPUs that others use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_driver import Card, FakeDriver, Process
from jupyterlab_saturn.agent.device_discovery import discover
from jupyterlab_saturn.generated.wire_types import DeviceRequest, Node

GONE = 999_999_999
BUSY = Card(used=6200, total=10240, processes=(Process(GONE, "/opt/bin/python", 6144),))
IDLE = Card(total=10240).numbered(1)


def ids(node: Node) -> list[str]:
    return [device["id"] for device in node["devices"]]


def test_auto_leaves_gpus_of_others_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDriver((BUSY, IDLE)).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == ["cuda1"]
    [notice] = node["notices"]
    assert notice == {
        "code": "gpu-busy",
        "message": "cuda0 (NVIDIA H100 80GB HBM3) is used by others: python (process 999999999, "
        "6.0 GiB) holds 6.1 GiB of its 10.0 GiB. It is left out.",
        "hint": "To use it all the same: %saturn cluster --gpu all",
    }


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"kind": "cuda"}, {"cuda0", "cuda1"}),
        ({"kind": "cuda", "count": 2}, {"cuda0", "cuda1"}),
        ({"kind": "auto", "count": 2}, {"cuda0", "cuda1"}),
    ],
)
def test_who_asks_for_them_gets_them_and_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request_: DeviceRequest,
    expected: set[str],
) -> None:
    FakeDriver((BUSY, IDLE)).install(tmp_path, monkeypatch)
    node = discover(request_)
    assert set(ids(node)) == expected
    [notice] = node["notices"]
    assert "left out" not in notice["message"]
    assert "End them" in notice["hint"]


def test_fewer_than_all_are_those_that_nobody_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver((BUSY, IDLE)).install(tmp_path, monkeypatch)
    node = discover({"kind": "cuda", "count": 1})
    assert ids(node) == ["cuda1"]
    assert "notices" not in node


def test_a_busy_gpu_is_better_than_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDriver((BUSY,)).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == ["cuda0"]
    assert [notice["code"] for notice in node["notices"]] == ["gpu-busy"]


def test_use_by_others_is_no_part_of_what_a_gpu_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver((BUSY,)).install(tmp_path / "busy", monkeypatch)
    busy = discover({"kind": "cuda"})["devices"]
    FakeDriver((Card(total=10240),)).install(tmp_path / "idle", monkeypatch)
    assert discover({"kind": "cuda"})["devices"] == busy


@pytest.mark.parametrize("mode", ["Default", "Exclusive_Process"])
def test_what_this_session_holds_is_not_held_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    busy = replace(BUSY, mode=mode)
    FakeDriver((busy, IDLE)).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"}, {busy.uuid})
    assert ids(node) == ["cuda0", "cuda1"]
    assert "notices" not in node


@pytest.fixture
def kernel() -> Iterator[int]:
    """A process that looks like a notebook's kernel, and is not of this session."""
    words = [sys.executable, "-c", "import time; time.sleep(60)", "-m", "ipykernel_launcher"]
    with subprocess.Popen(words) as process:
        yield process.pid
        process.kill()


def test_the_kernel_of_a_notebook_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: int
) -> None:
    card = Card(used=6200, total=10240, processes=(Process(kernel, used=6144),))
    FakeDriver((card,)).install(tmp_path, monkeypatch)
    [notice] = discover({"kind": "cuda"})["notices"]
    assert f"a notebook's kernel (process {kernel}, 6.0 GiB)" in notice["message"]


def test_who_is_not_to_be_seen_is_somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDriver((Card(used=6200, total=10240),)).install(tmp_path, monkeypatch)
    [notice] = discover({"kind": "cuda"})["notices"]
    assert "somebody holds 6.1 GiB of its 10.0 GiB" in notice["message"]


def test_a_gpu_for_one_process_that_another_has_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Card(mode="Exclusive_Process", used=200, processes=(Process(GONE, used=196),))
    free = Card(mode="Exclusive_Process").numbered(1)
    FakeDriver((taken, free)).install(tmp_path, monkeypatch)
    node = discover({"kind": "cuda"})
    assert ids(node) == ["cuda1"]
    assert "one process at a time" in node["notices"][0]["message"]

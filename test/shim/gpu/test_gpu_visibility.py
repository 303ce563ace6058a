"""``CUDA_VISIBLE_DEVICES``, in all spellings."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_driver import Card, FakeDriver, Slice
from jupyterlab_saturn.agent.device_discovery import discover
from jupyterlab_saturn.errors import SaturnError

EIGHT = tuple(Card().numbered(index) for index in range(8))
PARTS = (
    Slice("MIG-11111111-aaaa-5bbb-8ccc-0a1b2c3d4e5f", "3g.40gb", instance=1, total=40448),
    Slice("MIG-22222222-aaaa-5bbb-8ccc-0a1b2c3d4e5f", "3g.40gb", instance=2, total=40448),
)


def devices(monkeypatch: pytest.MonkeyPatch, variable: str) -> list[str]:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    try:
        return [device["id"] for device in discover({"kind": "cuda"})["devices"]]
    except SaturnError as error:
        assert f"CUDA_VISIBLE_DEVICES is {variable!r}" in error.message
        assert error.hint is not None
        return []


@pytest.mark.parametrize(
    ("variable", "indices"),
    [
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("2,0", [2, 0]),
        ("GPU-5000,1", [5, 1]),
        ("GPU-50000000-5b0f-1d2c-8e4b-0a1b2c3d4e5f", [5]),
        ("GPU-", []),
        ("1,-1,2", [1]),
        ("1,9,2", [1]),
        ("9", []),
        ("3,3", []),
        ("3,GPU-3", []),
        (" 4 , 6", [4, 6]),
        ("4,,6", [4]),
        ("1gpu2,2ampere", [1, 2]),
        ("+1", [1]),
        ("gpu-1", []),
    ],
)
def test_gpus_are_left_as_cuda_leaves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, indices: list[int]
) -> None:
    FakeDriver(EIGHT).install(tmp_path, monkeypatch)
    assert devices(monkeypatch, variable) == [f"cuda{index}" for index in indices]


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (PARTS[1].uuid, ["cuda1.1"]),
        (f"{PARTS[1].uuid},{PARTS[0].uuid}", ["cuda1.1", "cuda1.0"]),
        ("MIG-2222", ["cuda1.1"]),
        ("MIG-", []),
        ("MIG-33333333", []),
        (f"MIG-{EIGHT[1].uuid}/2/0", ["cuda1.1"]),
        (f"MIG-{EIGHT[1].uuid}/3/0", []),
        ("1", ["cuda1.0", "cuda1.1"]),
        ("0", ["cuda0"]),
        ("0,1", ["cuda0"]),
    ],
)
def test_slices_are_left_as_cuda_leaves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, expected: list[str]
) -> None:
    divided = Card(mig=True, slices=PARTS).numbered(1)
    FakeDriver((EIGHT[0], divided)).install(tmp_path, monkeypatch)
    assert devices(monkeypatch, variable) == expected


@pytest.mark.parametrize("variable", ["", "-1", "NoDevFiles"])
def test_who_hides_all_is_not_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    FakeDriver(EIGHT).install(tmp_path, monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    node = discover({"kind": "auto"})
    assert node["devices"][0]["kind"] == "cpu"
    assert "notices" not in node


def test_who_hides_all_by_mistake_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver(EIGHT).install(tmp_path, monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,0")
    [notice] = discover({"kind": "auto"})["notices"]
    assert "CUDA_VISIBLE_DEVICES is '0,0'" in notice["message"]


@pytest.mark.parametrize(
    ("variable", "order", "told"),
    [
        ("0", None, True),
        ("0", "FASTEST_FIRST", True),
        ("0", "PCI_BUS_ID", False),
        ("GPU-0000", None, False),
    ],
)
def test_numbers_of_unlike_gpus_are_explained(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    order: str | None,
    told: bool,
) -> None:
    other = Card(name="NVIDIA T4", total=15360).numbered(1)
    FakeDriver((EIGHT[0], other)).install(tmp_path, monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    if order is not None:
        monkeypatch.setenv("CUDA_DEVICE_ORDER", order)
    node = discover({"kind": "cuda"})
    assert [device["id"] for device in node["devices"]] == ["cuda0"]
    assert [notice["code"] for notice in node.get("notices", [])] == ["gpu-order"] * told

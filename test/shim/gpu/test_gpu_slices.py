"""Divided GPUs (MIG)."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_driver import NOT_APPLICABLE, Card, FakeDriver, Process, Slice
from jupyterlab_saturn.agent.device_discovery import discover
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.wire import validate

PARTS = (
    Slice("MIG-11111111-aaaa-5bbb-8ccc-0a1b2c3d4e5f", "3g.40gb", instance=1, total=40448),
    Slice("MIG-22222222-aaaa-5bbb-8ccc-0a1b2c3d4e5f", "1g.10gb", instance=7),
)
DIVIDED = Card(mig=True, used=NOT_APPLICABLE, slices=PARTS)


@pytest.mark.parametrize("total", [81559, "[Insufficient Permissions]"])
def test_slices_are_devices_with_memory_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int | str
) -> None:
    card = Card(mig=True, total=total, used=total, slices=PARTS)
    FakeDriver((card,)).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    validate("Node", node)
    assert node["devices"][0] == {
        "id": "cuda0.0",
        "kind": "cuda",
        "name": "NVIDIA H100 80GB HBM3 MIG 3g.40gb",
        "memoryBytes": 40448 * 1024 * 1024,
        "model": "NVIDIA H100 80GB HBM3 MIG 3g.40gb, 40448 MiB",
        "uuid": PARTS[0].uuid,
        "partition": True,
        "computeCapability": 9.0,
    }
    assert node["devices"][1]["memoryBytes"] == 9856 * 1024 * 1024
    assert "notices" not in node


def test_slices_are_not_mixed_with_whole_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver((DIVIDED, Card().numbered(1))).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert [device["id"] for device in node["devices"]] == ["cuda1"]
    [notice] = node["notices"]
    assert "Slices of divided GPUs (MIG) are left out" in notice["message"]
    assert ",".join(part.uuid for part in PARTS) in notice["hint"]


def test_a_divided_gpu_is_never_offered_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver((Card(mig=True),)).install(tmp_path, monkeypatch)
    with pytest.raises(SaturnError, match="MIG") as caught:
        discover({"kind": "cuda"})
    assert "nvidia-smi mig" in str(caught.value.hint)


def test_a_gpu_that_could_be_divided_and_is_not_is_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver((Card(mig=False),)).install(tmp_path, monkeypatch)
    [device] = discover({"kind": "cuda"})["devices"]
    assert (device["id"], "partition" in device) == ("cuda0", False)


def test_a_slice_that_others_use_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = Slice("MIG-33333333-aaaa-5bbb-8ccc-0a1b2c3d4e5f", instance=9, used=5000)
    process = Process(999_999_999, "/usr/bin/train", 4900, instance=9)
    card = Card(mig=True, slices=(*PARTS, used), processes=(process,))
    FakeDriver((card,)).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert [device["id"] for device in node["devices"]] == ["cuda0.0", "cuda0.1"]
    [notice] = node["notices"]
    assert "train (process 999999999, 4.8 GiB) holds 4.9 GiB of its 9.6 GiB" in notice["message"]

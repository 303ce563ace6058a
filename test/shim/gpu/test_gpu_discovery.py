"""Which GPUs are devices, what is said of the others, and when the CPU is used instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fake_driver import LOST, MISMATCH, NO_CARD, NOT_APPLICABLE, UNREACHABLE, Card, FakeDriver
from jupyterlab_saturn import nvidia_smi
from jupyterlab_saturn.agent import driver_report, gpu_hardware
from jupyterlab_saturn.agent.cpu_devices import memory_bytes, usable_cores
from jupyterlab_saturn.agent.device_discovery import discover
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.generated.wire_types import Node
from jupyterlab_saturn.wire import validate

A100 = Card(name="NVIDIA A100-SXM4-40GB", total=40960, capability="8.0")


@pytest.fixture(autouse=True)
def no_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a machine without any GPU."""
    root = tmp_path / "root"
    monkeypatch.setattr(gpu_hardware, "ROOT", root)
    monkeypatch.setattr(driver_report, "GPUS_FOLDER", root / "proc/driver/nvidia/gpus")
    return root


def many(count: int, card: Card = A100) -> tuple[Card, ...]:
    return tuple(card.numbered(index) for index in range(count))


def told(node: Node) -> str:
    return " ".join(notice["message"] for notice in node.get("notices", []))


def ids(node: Node) -> list[str]:
    validate("Node", node)
    return [device["id"] for device in node["devices"]]


def test_gpus_are_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDriver(many(8)).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == [f"cuda{index}" for index in range(8)]
    assert node["devices"][3] == {
        "id": "cuda3",
        "kind": "cuda",
        "name": "NVIDIA A100-SXM4-40GB",
        "memoryBytes": 40960 * 1024 * 1024,
        "model": "NVIDIA A100-SXM4-40GB, 40960 MiB",
        "uuid": "GPU-30000000-5b0f-1d2c-8e4b-0a1b2c3d4e5f",
        "computeCapability": 8.0,
    }
    assert node["software"].endswith(", driver 570.86.15")
    assert "notices" not in node
    assert ids(discover({"kind": "cuda", "count": 1})) == ["cuda0"]
    assert {d["kind"] for d in discover({"kind": "cpu", "count": 3})["devices"]} == {"cpu"}


def test_older_drivers_know_fewer_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = FakeDriver(many(1), unknown=("compute_cap", "mig.mode.current"))
    driver.install(tmp_path, monkeypatch)
    [device] = discover({"kind": "cuda"})["devices"]
    assert "computeCapability" not in device


@pytest.mark.parametrize("name", ["NVIDIA GB10", "Orin (nvgpu)", "NVIDIA Thor"])
def test_a_part_without_memory_of_its_own_has_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    card = Card(name=name, total=NOT_APPLICABLE, used=NOT_APPLICABLE)
    FakeDriver((card,)).install(tmp_path, monkeypatch)
    [device] = discover({"kind": "cuda"})["devices"]
    assert (device["memoryBytes"], device["model"]) == (memory_bytes(), name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NVIDIA H100 80GB HBM3", NOT_APPLICABLE),
        ("NVIDIA GB10", "[Unknown Error]"),
        ("NVIDIA H100 80GB HBM3", "[Insufficient Permissions]"),
        ("NVIDIA H100 80GB HBM3", "[GPU is lost]"),
    ],
)
def test_a_gpu_that_tells_no_memory_is_left_out_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    odd = Card(name=name, total=says, used=says)
    FakeDriver((odd, *many(1))).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == ["cuda1"]
    assert f"GPU 0 ({name}) is left out" in told(node)
    assert says in told(node)


@pytest.mark.parametrize("code", [None, 15])
def test_one_lost_gpu_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    lost = Card(handle=LOST)
    FakeDriver((*many(2), lost), code=code).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == ["cuda0", "cuda1"]
    assert "A GPU (2: 0000:03:00.0) is left out" in told(node)
    assert "GPU is lost" in told(node)
    assert "Restart" in node["notices"][0]["hint"]


def test_where_the_tool_gives_up_gpus_are_asked_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_hardware: Path
) -> None:
    for index in range(3):
        (no_hardware / f"proc/driver/nvidia/gpus/0000:0{index + 1}:00.0").mkdir(parents=True)
    lost = Card(handle="Unknown Error")
    FakeDriver((lost, *many(2)), bails=True).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == ["cuda1", "cuda2"]
    assert told(node).count("left out") == 1


@pytest.mark.parametrize("mode", ["Prohibited", "Somehow"])
def test_a_gpu_that_is_closed_to_computing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    FakeDriver((Card(mode=mode), *many(1))).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == ["cuda1"]
    assert f"its compute mode is {mode}" in told(node)
    assert "-c DEFAULT" in node["notices"][0]["hint"]


@pytest.mark.parametrize("says", ["[Not Supported]", "[Insufficient Permissions]"])
def test_what_is_not_told_is_nothing_against_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    card = Card(mode=says, fields={"mig.mode.current": says})
    FakeDriver((card,)).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert ids(node) == ["cuda0"]
    assert "notices" not in node


@pytest.mark.parametrize(
    ("driver", "reason"),
    [
        (FakeDriver(says=MISMATCH, code=18), "version mismatch"),
        (FakeDriver((Card(handle=LOST),), bails=True), "GPU is lost"),
        (FakeDriver((Card(total="[Unknown Error]"),)), "Unknown Error"),
        (FakeDriver((Card(mig=True),)), "divided"),
        (FakeDriver(says="Killed", code=137), "Killed"),
    ],
)
def test_the_cpu_is_not_used_in_silence_where_gpus_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, reason: str
) -> None:
    driver.install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert node["devices"][0]["kind"] == "cpu"
    validate("Node", node)
    assert reason in told(node)
    assert told(node).endswith("So tasks are trained on the CPU.")
    with pytest.raises(SaturnError, match=reason) as caught:
        discover({"kind": "cuda"})
    assert caught.value.code == "gpu-unusable"
    assert caught.value.hint


def test_a_slow_driver_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDriver(many(1), seconds=5).install(tmp_path, monkeypatch)
    monkeypatch.setattr(driver_report, "_PATIENCE_SECONDS", 0.3)
    node = discover({"kind": "auto"})
    assert node["devices"][0]["kind"] == "cpu"
    assert "not answered within" in told(node)
    assert "persistence mode" in node["notices"][0]["hint"]


@pytest.mark.parametrize(("says", "code"), [(NO_CARD, 6), (UNREACHABLE, 9), ("", 1)])
def test_without_a_gpu_auto_means_cpu(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_hardware: Path,
    says: str,
    code: int,
) -> None:
    FakeDriver(says=says, code=code).install(tmp_path, monkeypatch)
    node = discover({"kind": "auto"})
    assert [device["cores"] for device in node["devices"]] == [[core] for core in usable_cores()]
    assert "notices" not in node
    assert re.fullmatch(r"torch [\d.]+\S*, python 3\.\d+", node["software"])
    with pytest.raises(SaturnError, match="no GPU here") as caught:
        discover({"kind": "cuda"})
    assert caught.value.code == "no-devices"
    assert "CPU" in str(caught.value.hint)
    (no_hardware / "dev").mkdir(parents=True)
    (no_hardware / "dev/nvidia0").touch()
    assert "There is an NVIDIA GPU" in told(discover({"kind": "auto"}))


def test_the_tool_is_found_within_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDriver(many(1)).install(tmp_path / "wsl", monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SaturnError, match="nvidia-smi is not installed"):
        discover({"kind": "cuda"})
    monkeypatch.setattr(nvidia_smi, "WSL_FOLDER", tmp_path / "wsl")
    assert ids(discover({"kind": "cuda"})) == ["cuda0"]


@pytest.mark.parametrize("kind", ["auto", "cuda"])
def test_more_gpus_than_there_are_is_refused_with_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    FakeDriver((*many(2), Card(handle=LOST))).install(tmp_path, monkeypatch)
    with pytest.raises(SaturnError, match="3 GPUs were asked for, but 2 are here") as caught:
        discover({"kind": kind, "count": 3})
    assert caught.value.code == "no-devices"
    assert "GPU is lost" in str(caught.value.hint)

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jupyterlab_saturn.agent import device_discovery
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.wire import validate

EIGHT = "".join(
    f"{index}, GPU-{index}c7a9a1e-5b0f-1d2c-8e4b-0a1b2c3d4e5f, NVIDIA A100-SXM4-40GB, 40960, "
    "550.54.15\n"
    for index in range(8)
)
SHARED_MEMORY = "0, GPU-2c7a9a1e-5b0f-1d2c-8e4b-0a1b2c3d4e5f, NVIDIA GB10, [N/A], 580.95.05\n"


def put_tool(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gpus").write_text("".join(EIGHT.splitlines(keepends=True)[:2]))
    put_tool(monkeypatch, tmp_path, f"cat {tmp_path}/gpus")


@pytest.fixture
def no_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_tool(monkeypatch, tmp_path, "echo No devices were found.; exit 6")


def test_gpus_are_parsed() -> None:
    gpus = device_discovery.parse_gpus(EIGHT)
    assert [gpu["id"] for gpu in gpus] == [f"cuda{index}" for index in range(8)]
    assert gpus[3] == {
        "id": "cuda3",
        "kind": "cuda",
        "name": "NVIDIA A100-SXM4-40GB",
        "memoryBytes": 40960 * 1024 * 1024,
        "model": "NVIDIA A100-SXM4-40GB, 40960 MiB",
        "uuid": "GPU-3c7a9a1e-5b0f-1d2c-8e4b-0a1b2c3d4e5f",
    }


def test_a_gpu_without_memory_of_its_own_has_the_machines() -> None:
    [gpu] = device_discovery.parse_gpus(SHARED_MEMORY)
    assert (gpu["memoryBytes"], gpu["model"]) == (device_discovery.memory_bytes(), "NVIDIA GB10")


@pytest.mark.parametrize("text", ["", "\n\n", "No devices were found\n", "a, b, c, d, e\n"])
def test_what_is_no_gpu_is_none(text: str) -> None:
    assert device_discovery.parse_gpus(text) == []


@pytest.mark.parametrize(
    ("visible", "ids"),
    [
        (None, list(range(8))),
        ("", []),
        ("-1", []),
        ("2,0", [2, 0]),
        ("GPU-5c7,1", [5, 1]),
        ("1,-1,2", [1]),
        ("1,9,2", [1]),
        ("3,3", [3]),
        (" 4 , 6", [4, 6]),
    ],
)
def test_visible_devices_are_respected(visible: str | None, ids: list[int]) -> None:
    assert [gpu["id"] for gpu in device_discovery.visible_gpus(EIGHT, visible)] == [
        f"cuda{index}" for index in ids
    ]


@pytest.mark.parametrize(
    ("count", "cores"),
    [
        (None, [[0], [2], [5], [7]]),
        (1, [[0, 2, 5, 7]]),
        (2, [[0, 5], [2, 7]]),
        (3, [[0, 7], [2], [5]]),
        (6, [[0], [2], [5], [7], [0], [2]]),
    ],
)
def test_cores_are_dealt_evenly_and_shared_when_scarce(
    count: int | None, cores: list[list[int]]
) -> None:
    made = device_discovery.cpu_devices([0, 2, 5, 7], 8 << 30, count=count)
    assert [device["cores"] for device in made] == cores
    assert {device["memoryBytes"] for device in made} == {int((8 << 30) * 0.8 / len(cores))}
    for device in made:
        validate("Device", device)


def test_devices_that_can_stand_in_for_each_other_are_of_one_model() -> None:
    one, two, three = (
        device["model"] for device in device_discovery.cpu_devices([0, 1, 2, 3], 8 << 30, count=3)
    )
    assert two == three != one
    assert one == f"{device_discovery.cpu_model()}, 2 cores, 2184 MiB"
    assert two == f"{device_discovery.cpu_model()}, 1 core, 2184 MiB"
    [fewer] = {
        device["model"]
        for device in device_discovery.cpu_devices([4, 5], 8 << 30, memory=2184 << 20)
    }
    assert fewer == two


def test_memory_can_be_chosen() -> None:
    made = device_discovery.cpu_devices([0, 1], 8 << 30, count=3, memory=123 << 20)
    assert [device["memoryBytes"] for device in made] == [123 << 20] * 3


@pytest.mark.usefixtures("no_gpus")
def test_without_gpus_auto_means_cpu() -> None:
    node = device_discovery.discover({"kind": "auto"})
    validate("Node", node)
    assert [device["cores"] for device in node["devices"]] == [
        [core] for core in device_discovery.usable_cores()
    ]
    assert re.fullmatch(r"torch [\d.]+\S*, python 3\.\d+", node["software"])


@pytest.mark.usefixtures("two_gpus")
def test_with_gpus_auto_means_gpus() -> None:
    node = device_discovery.discover({"kind": "auto"})
    validate("Node", node)
    assert [device["id"] for device in node["devices"]] == ["cuda0", "cuda1"]
    assert node["software"].endswith(", driver 550.54.15")
    assert [
        d["id"] for d in device_discovery.discover({"kind": "cuda", "count": 1})["devices"]
    ] == ["cuda0"]
    assert {
        d["kind"] for d in device_discovery.discover({"kind": "cpu", "count": 3})["devices"]
    } == {"cpu"}


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize("kind", ["auto", "cuda"])
def test_more_gpus_than_there_are_is_refused_with_the_numbers(kind: str) -> None:
    with pytest.raises(SaturnError, match="3 GPUs were asked for, but 2 are here") as caught:
        device_discovery.discover({"kind": kind, "count": 3})
    assert caught.value.code == "no-devices"


@pytest.mark.usefixtures("two_gpus")
def test_hidden_gpus_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(SaturnError, match="CUDA_VISIBLE_DEVICES is ''"):
        device_discovery.discover({"kind": "cuda"})
    assert device_discovery.discover({"kind": "auto"})["devices"][0]["kind"] == "cpu"


@pytest.mark.usefixtures("no_gpus")
def test_missing_gpus_are_explained() -> None:
    with pytest.raises(SaturnError, match="No devices were found") as caught:
        device_discovery.discover({"kind": "cuda"})
    assert caught.value.code == "no-devices"
    assert caught.value.hint is not None and "CPU" in caught.value.hint


def test_a_missing_driver_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SaturnError, match="nvidia-smi is not installed"):
        device_discovery.discover({"kind": "cuda"})


def test_there_is_memory() -> None:
    assert device_discovery.memory_bytes() == device_discovery.memory_bytes() > 0

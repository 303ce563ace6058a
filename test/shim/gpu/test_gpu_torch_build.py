"""What PyTorch was built for, and GPUs that are not NVIDIA's."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import platform
from pathlib import Path

import pytest
from fake_driver import Card, FakeDriver
from jupyterlab_saturn.agent import gpu_hardware, torch_build
from jupyterlab_saturn.agent.device_discovery import discover
from jupyterlab_saturn.agent.torch_build import TorchBuild
from jupyterlab_saturn.doctor.gpu_check import check_devices
from jupyterlab_saturn.doctor.machine import Machine
from jupyterlab_saturn.errors import SaturnError


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a machine without any GPU."""
    root = tmp_path / "root"
    root.mkdir()
    for module in (gpu_hardware, torch_build):
        monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    return root


def install(monkeypatch: pytest.MonkeyPatch, build: TorchBuild | None) -> None:
    monkeypatch.setattr(torch_build, "installed_build", lambda: build)


def put_card(root: Path, vendor: str, kind: str = "0x030000") -> None:
    card = root / "sys/bus/pci/devices/0000:01:00.0"
    card.mkdir(parents=True)
    (card / "vendor").write_text(f"{vendor}\n")
    (card / "class").write_text(f"{kind}\n")


def test_the_build_is_read_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "version.py").write_text(
        "from typing import Optional\n"
        "__version__ = '2.13.0+cu126'\n"
        "cuda: Optional[str] = '12.6'\n"
        "hip: Optional[str] = None\n"
    )
    spec = importlib.machinery.ModuleSpec("torch", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    assert torch_build.installed_build() == TorchBuild("2.13.0+cu126", cuda="12.6")
    (tmp_path / "version.py").write_text("broken(")
    assert torch_build.installed_build() is None


def test_the_build_of_this_environment_is_told() -> None:
    import torch

    build = torch_build.installed_build()
    assert build is not None
    assert (build.version, build.cuda) == (torch.__version__, torch.version.cuda)


@pytest.mark.parametrize(
    ("build", "driver", "says"),
    [
        (TorchBuild("2.13.0+cpu"), "570.86.15", r"PyTorch 2\.13\.0\+cpu is built without CUDA"),
        (TorchBuild("2.9.0+rocm6.4", hip="6.4"), "570.86.15", r"built for AMD GPUs \(ROCm 6\.4\)"),
        (
            TorchBuild("2.13.0+cu130", cuda="13.0"),
            "550.54.15",
            r"CUDA 13\.0, which needs NVIDIA's driver 580\.65 or newer; this one is 550\.54\.15",
        ),
        (TorchBuild("2.9.0+cu126", cuda="12.6"), "470.82.01", r"driver 525\.60 or newer"),
    ],
)
def test_gpus_that_pytorch_cannot_use_are_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: TorchBuild, driver: str, says: str
) -> None:
    FakeDriver((Card(),), version=driver).install(tmp_path, monkeypatch)
    install(monkeypatch, build)
    with pytest.raises(SaturnError, match=says) as caught:
        discover({"kind": "cuda"})
    assert caught.value.code == "gpu-unusable"
    assert "pytorch.org" in str(caught.value.hint)
    node = discover({"kind": "auto"})
    assert node["devices"][0]["kind"] == "cpu"
    assert "built" in node["notices"][0]["message"]


@pytest.mark.parametrize(
    ("build", "driver"),
    [
        (None, "470.82.01"),
        (TorchBuild("2.6.0+cu118", cuda="11.8"), "470.82.01"),
        (TorchBuild("2.13.0+cu126", cuda="12.6"), "525.60.13"),
        (TorchBuild("3.1.0+cu140", cuda="14.0"), "570.86.15"),
    ],
)
def test_what_is_not_known_to_fail_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: TorchBuild | None, driver: str
) -> None:
    FakeDriver((Card(),), version=driver).install(tmp_path, monkeypatch)
    install(monkeypatch, build)
    assert discover({"kind": "cuda"})["devices"][0]["kind"] == "cuda"


def test_an_older_driver_may_have_libraries_for_newer_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    FakeDriver((Card(),), version="550.54.15").install(tmp_path, monkeypatch)
    install(monkeypatch, TorchBuild("2.13.0+cu130", cuda="13.0"))
    compat = root / "usr/local/cuda-13.0/compat"
    compat.mkdir(parents=True)
    (compat / "libcuda.so.580.65.06").touch()
    assert discover({"kind": "cuda"})["devices"][0]["kind"] == "cuda"


@pytest.mark.parametrize(
    ("vendor", "build", "files", "auto", "says"),
    [
        ("0x1002", TorchBuild("2.13.0+cpu"), [], False, "AMD GPUs (ROCm)"),
        ("0x1002", TorchBuild("2.13.0+cpu"), ["dev/kfd"], True, "AMD GPUs (ROCm)"),
        ("0x1002", TorchBuild("2.9.0+rocm6.4", hip="6.4"), [], True, "AMD GPUs (ROCm)"),
        ("0x8086", TorchBuild("2.13.0+cpu"), [], False, "Intel GPUs (XPU)"),
        ("0x8086", TorchBuild("2.13.0+xpu", xpu="20250301"), [], True, "Intel GPUs (XPU)"),
        ("0x10de", TorchBuild("2.13.0+cu126", cuda="12.6"), [], True, "There is an NVIDIA GPU"),
        ("0x1234", TorchBuild("2.13.0+cpu"), [], False, "nvidia-smi is not installed"),
    ],
)
def test_gpus_of_each_maker_have_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    vendor: str,
    build: TorchBuild,
    files: list[str],
    auto: bool,
    says: str,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    install(monkeypatch, build)
    put_card(root, vendor)
    for file in files:
        (root / file).parent.mkdir(parents=True)
        (root / file).touch()
    with pytest.raises(SaturnError) as caught:
        discover({"kind": "cuda"})
    assert says in caught.value.message
    notices = discover({"kind": "auto"}).get("notices", [])
    assert [says in notice["message"] for notice in notices] == [True] * auto


def test_what_is_no_display_is_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    install(monkeypatch, TorchBuild("2.13.0+cpu"))
    put_card(root, "0x10de", "0x040300")  # its sound
    assert "notices" not in discover({"kind": "auto"})


def test_the_gpu_of_a_mac_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    install(monkeypatch, TorchBuild("2.13.0"))
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    [notice] = discover({"kind": "auto"})["notices"]
    assert "(MPS)" in notice["message"]
    assert check_devices(Machine()).status == "warning"

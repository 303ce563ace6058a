"""What a rank says of a GPU that PyTorch cannot use."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.generated.wire_types import Device
from jupyterlab_saturn.training.runtime import cuda_support
from jupyterlab_saturn.training.runtime.cuda_support import require_kernels, unusable_gpus
from jupyterlab_saturn.training.runtime.device import claim

GPU: Device = {
    "id": "cuda0",
    "kind": "cuda",
    "name": "NVIDIA X",
    "memoryBytes": 1 << 34,
    "uuid": "GPU-1",
}
DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27\n"
TOO_OLD = "The NVIDIA driver on your system is too old (found version 11040). Please update"


@pytest.fixture(autouse=True)
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "version"
    file.write_text(DRIVER)
    monkeypatch.setattr(cuda_support, "DRIVER_FILE", file)
    return file


def fails_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def init() -> None:
        raise error

    monkeypatch.setattr(torch.cuda, "init", init)


def test_pytorch_without_cuda_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "")
    fails_with(monkeypatch, AssertionError("Torch not compiled with CUDA enabled"))
    with pytest.raises(SaturnError) as caught:
        claim([GPU], 0)
    assert caught.value.code == "no-gpu"
    assert f"PyTorch {torch.__version__} (without CUDA) with driver 470.82.01" in str(caught.value)
    assert "Install a PyTorch that fits" in str(caught.value.hint)


def test_a_driver_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "12.6")
    fails_with(monkeypatch, RuntimeError(TOO_OLD))
    error = unusable_gpus(["GPU-1"])
    assert "(for CUDA 12.6) with driver 470.82.01" in error.message
    assert TOO_OLD in error.message
    assert "update the driver" in str(error.hint)


def test_anything_else_is_to_be_looked_at(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    driver.unlink()
    monkeypatch.setattr(torch.version, "cuda", "12.6")
    fails_with(monkeypatch, RuntimeError("CUDA unknown error - this may be due to"))
    error = unusable_gpus(["GPU-1"])
    assert "CUDA unknown error" in error.message
    assert "nvidia-smi" in str(error.hint)


def test_gpus_behind_a_switch_need_its_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(
        monkeypatch,
        RuntimeError(
            "Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized"
        ),
    )
    assert "fabricmanager" in str(unusable_gpus(["GPU-1"]).hint)


@pytest.mark.parametrize(
    ("built", "capability", "runs"),
    [
        (["sm_50", "sm_80", "sm_90"], (9, 0), True),
        (["sm_80"], (8, 6), True),
        (["sm_86"], (8, 0), False),
        (["sm_80", "sm_90"], (12, 0), False),
        (["sm_80", "sm_90", "compute_90"], (12, 0), True),
        (["sm_90a"], (9, 0), True),
        (["sm_75", "sm_80"], (6, 1), False),
        ([], (6, 1), True),
    ],
)
def test_generations_that_it_was_not_built_for_are_refused(
    monkeypatch: pytest.MonkeyPatch,
    built: list[str],
    capability: tuple[int, int],
    runs: bool,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: built)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA X")
    if runs:
        require_kernels(0)
        return
    with pytest.raises(SaturnError, match="NVIDIA X is of compute capability") as caught:
        require_kernels(0)
    assert caught.value.code == "no-gpu"
    assert f"{capability[0]}.{capability[1]}" in caught.value.message

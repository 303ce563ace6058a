"""What the doctor says of GPUs: the driver's tool is a fake one on PATH, asked as in earnest."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyterlab_saturn.agent import gpu_hardware, torch_build
from jupyterlab_saturn.doctor.finding import Finding, guarded
from jupyterlab_saturn.doctor.gpu_check import check_devices, check_nccl, check_torch
from jupyterlab_saturn.doctor.machine import Machine
from jupyterlab_saturn.training.runtime.cuda_support import covers
from jupyterlab_saturn.training.runtime.torch_probe import probe

sys.path.insert(0, str(Path(__file__).parent))
from fake_driver import MISMATCH, NO_CARD, UNREACHABLE, Card, FakeDriver, Process, Slice

if TYPE_CHECKING:
    from jupyterlab_saturn.training.runtime.torch_probe import TorchAnswer

GOOD: TorchAnswer = {
    "torch": "2.13.0+cu126",
    "cuda": "12.6",
    "hip": None,
    "archs": ["sm_80", "sm_90"],
    "gloo": True,
    "nccl": "2.27.5",
    "why": None,
    "gpus": [
        {
            "name": "NVIDIA H100 80GB HBM3",
            "capability": [9, 0],
            "totalBytes": 80 << 30,
            "covered": True,
            "errors": {},
        }
    ],
}


def devices_of(driver: FakeDriver, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Finding:
    driver.install(folder, monkeypatch)
    return guarded("devices", lambda: check_devices(Machine()))


def torch_of(answer: TorchAnswer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Finding:
    FakeDriver(cards=(Card(),)).install(folder, monkeypatch)
    machine = Machine()
    machine.torch = answer
    return check_torch(machine)


def test_a_sound_gpu_is_told_with_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = devices_of(FakeDriver(cards=(Card(),)), tmp_path, monkeypatch)
    assert finding.status == "ok"
    assert "NVIDIA H100" in finding.seen and "79.6 GiB" in finding.seen
    assert "GPU-0000" in finding.facts["driver"]["-L"]


@pytest.mark.parametrize(
    ("driver", "status", "words"),
    [
        (FakeDriver(says=MISMATCH, code=18), "broken", "version mismatch"),
        (FakeDriver(cards=(replace(Card(), mig=True),)), "broken", "MIG"),
        (
            FakeDriver(cards=(Card(), replace(Card().numbered(1), total="[GPU is lost]"))),
            "broken",
            "GPU is lost",
        ),
        (
            FakeDriver(
                cards=(Card(), replace(Card().numbered(1), handle="Unknown Error")), bails=False
            ),
            "broken",
            "cannot reach it",
        ),
        (
            FakeDriver(
                cards=(replace(Card(), used=20_000, processes=(Process(4_000_000, used=20_000),)),)
            ),
            "warning",
            "process 4000000",
        ),
    ],
)
def test_gpus_that_cannot_be_used_are_told_with_the_reason(
    driver: FakeDriver, status: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = devices_of(driver, tmp_path, monkeypatch)
    assert finding.status == status
    assert words in finding.seen
    assert finding.advice
    json.dumps(finding.to_json())


def test_slices_are_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(Card(), mig=True, slices=(Slice("MIG-1"), Slice("MIG-2", instance=8)))
    finding = devices_of(FakeDriver(cards=(card,)), tmp_path, monkeypatch)
    assert finding.status == "ok" and "MIG 1g.10gb" in finding.seen


def test_a_pytorch_without_cuda_beside_a_gpu_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver(cards=(Card(),)).install(tmp_path, monkeypatch)
    build = torch_build.TorchBuild("2.13.0+cpu")
    monkeypatch.setattr(torch_build, "installed_build", lambda: build)
    finding = guarded("devices", lambda: check_devices(Machine()))
    assert finding.status == "broken"
    assert "built without CUDA" in finding.seen and "pytorch.org" in (finding.advice or "")


def test_beside_a_pytorch_without_cuda_all_else_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = replace(Card(), used=70_000, processes=(Process(4_000_000, used=70_000),))
    lost = replace(Card().numbered(2), total="[GPU is lost]")
    FakeDriver(cards=(busy, Card().numbered(1), lost)).install(tmp_path, monkeypatch)
    build = torch_build.TorchBuild("2.13.0+cpu")
    monkeypatch.setattr(torch_build, "installed_build", lambda: build)
    finding = guarded("devices", lambda: check_devices(Machine()))
    assert finding.status == "broken"
    assert "There are 2 GPUs (NVIDIA H100 80GB HBM3), but PyTorch" in finding.seen
    assert "GPU is lost" in finding.seen and "process 4000000" in finding.seen
    advice = finding.advice or ""
    assert "%saturn shutdown. Restart the machine" in advice and "End them" in advice


@pytest.mark.parametrize("says", [UNREACHABLE, NO_CARD, ""])
def test_a_tool_that_tells_of_no_gpu_is_told_of(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_hardware, "ROOT", tmp_path)
    finding = devices_of(FakeDriver(says=says, code=9), tmp_path, monkeypatch)
    assert finding.status == "warning" and "There is no GPU here" in finding.seen
    assert "--gpus all" in (finding.advice or "")


def test_gpus_that_are_hidden_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDriver(cards=(Card(),)).install(tmp_path, monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    finding = check_devices(Machine())
    assert finding.status == "warning" and "CUDA_VISIBLE_DEVICES is ''" in finding.seen


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"why": "The NVIDIA driver on your system is too old"}, "too old"),
        ({"gpus": [{**GOOD["gpus"][0], "covered": False}]}, "compute capability 9.0"),
        ({"gpus": [{**GOOD["gpus"][0], "errors": {"bfloat16": "is 3 off"}}]}, "is 3 off"),
        ({"gpus": []}, "0 of 1"),
    ],
)
def test_a_pytorch_that_cannot_use_the_gpu_is_found(
    change: dict[str, object], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert torch_of(GOOD, tmp_path, monkeypatch).status == "ok"
    answer: TorchAnswer = {**GOOD, **change}  # type: ignore[typeddict-item]
    finding = torch_of(answer, tmp_path, monkeypatch)
    assert finding.status == "broken" and words in finding.seen


def test_several_gpus_without_nccl_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDriver(cards=(Card(), Card().numbered(1))).install(tmp_path, monkeypatch)
    machine = Machine()
    machine.torch = {**GOOD, "nccl": None}
    assert check_nccl(machine).status == "broken"
    machine.torch = GOOD
    assert check_nccl(machine).status == "ok"


@pytest.mark.parametrize(
    ("archs", "capability", "covered"),
    [
        (["sm_80"], (8, 6), True),
        (["sm_86"], (8, 0), False),
        (["sm_80"], (9, 0), False),
        (["sm_80", "compute_80"], (9, 0), True),
        (["sm_90a"], (9, 0), True),
        (["sm_90a"], (9, 1), False),
        (["sm_90a", "compute_90a"], (12, 0), False),
        (["sm_100f"], (10, 3), True),
        (["sm_100f"], (12, 0), False),
        (["sm_80", "unknown"], (8, 9), True),
        (["sm_120"], (12, 0), True),
        (["sm_120"], (10, 0), False),
        ([], (9, 0), False),
    ],
)
def test_which_gpus_a_build_has_code_for(
    archs: list[str], capability: tuple[int, int], covered: bool
) -> None:
    assert covers(archs, capability) is covered


def test_pytorch_says_why_it_has_no_gpu() -> None:
    answer = probe()
    assert answer["gloo"] and not answer["gpus"] and answer["why"]

"""Techniques are tried on GPUs, too: exactly, and on fewer GPUs than ranks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from fake_cuda import fake_cuda
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.conformance import __main__ as program
from jupyterlab_saturn.training.conformance import rank_pool
from jupyterlab_saturn.training.conformance.bench_device import bench_device
from jupyterlab_saturn.training.conformance.report import Report
from jupyterlab_saturn.training.conformance.technique_under_test import (
    Trained,
    training_difference,
)
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    """Of torch, as they were."""
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark
    bench_device.cache_clear()
    yield
    bench_device.cache_clear()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(exact)
    matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark = before


def test_single_precision_is_that_on_gpus() -> None:
    torch.backends.cuda.matmul.allow_tf32 = True
    with fake_cuda(2) as cuda:
        device = bench_device("cuda", 1)
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert device.torch_device == torch.device("cuda", 1)
    assert cuda.chosen == [1]
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.allow_tf32
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(("gpus", "shares"), [(1, True), (2, False)])
def test_ranks_share_gpus_where_there_are_few(
    gpus: int, shares: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    met: list[tuple[Any, bool]] = []

    def join(rank: int, size: int, device: Any, place: Path, *, shares_device: bool) -> Any:
        met.append((device, shares_device))
        return ProcessGroup(rank, size)

    monkeypatch.setattr(ProcessGroup, "join", join)
    with fake_cuda(gpus):
        rank_pool._join(1, 2, tmp_path / "meet", "cuda")
    assert met == [(torch.device("cuda", 0 if shares else 1), shares)]


def test_without_a_gpu_there_is_none() -> None:
    with fake_cuda(0), pytest.raises(SaturnError) as caught:
        bench_device("cuda", 0)
    assert caught.value.code == "no-gpu"


def test_the_program_takes_the_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def examine(*arguments: Any) -> Report:
        asked.append(arguments)
        return Report("mine", ())

    monkeypatch.setattr(program, "examine", examine)
    with fake_cuda(1):
        program.main(["a:B", "--kind", "cuda", "--devices", "1,2", "--json"])
    assert asked == [("a:B", None, (1, 2), "cuda", None)]
    with fake_cuda(0), pytest.raises(SystemExit):
        program.main(["a:B", "--kind", "cuda"])


@pytest.mark.parametrize(("bound", "differs"), [(1e-5, True), (1e-4, False)])
def test_the_bound_is_that_of_the_devices(bound: float, differs: bool) -> None:
    expected = Trained([1.0], {}, {}, {}, bound)
    found = Trained([1.00005], {}, {}, {}, bound)
    assert (training_difference(found, expected) is not None) is differs

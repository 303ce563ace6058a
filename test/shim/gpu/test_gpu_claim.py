"""A rank takes the GPU that it was given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from fake_cuda import fake_cuda
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.runtime.device import claim

MEMORY = 24_000_000_000


def gpus(count: int) -> list[dict[str, object]]:
    return [
        {"id": f"gpu{i}", "kind": "cuda", "uuid": f"GPU-{i}", "name": "A10", "memoryBytes": MEMORY}
        for i in range(count)
    ]


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_it_sees_those_of_its_group_and_takes_its_own() -> None:
    with fake_cuda(4) as cuda:
        device = claim(gpus(2), 1)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-0,GPU-1"
    assert cuda.chosen == [1]
    assert device.torch_device == torch.device("cuda", 1)


def test_one_that_is_not_there_is_told_of() -> None:
    with fake_cuda(1), pytest.raises(SaturnError) as caught:
        claim(gpus(2), 0)
    assert caught.value.code == "device-lost"
    assert caught.value.devices == ["gpu1"]


@pytest.mark.parametrize(("on_node", "threads"), [(4, 3), (1, 6), (0, 6), (64, 1)])
def test_it_has_its_share_of_the_cores(
    monkeypatch: pytest.MonkeyPatch, on_node: int, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(12)), raising=False)
    torch.set_num_threads(1)  # as in a rank that was forked
    with fake_cuda(2) as cuda:
        cuda.on_node = on_node
        claim(gpus(2), 0)
    assert torch.get_num_threads() == threads


def test_its_memory_grows_by_segments_before_cuda_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTORCH_CUDA_ALLOC_CONF", raising=False)
    monkeypatch.delenv("PYTORCH_ALLOC_CONF", raising=False)
    seen: list[str | None] = []
    with fake_cuda(1):
        monkeypatch.setattr(
            torch.cuda, "set_device", lambda _: seen.append(os.environ["PYTORCH_CUDA_ALLOC_CONF"])
        )
        claim(gpus(1), 0)
    assert seen == ["expandable_segments:True"]


@pytest.mark.parametrize("name", ["PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"])
def test_how_the_user_has_it_allocated_stays(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "max_split_size_mb:128")
    with fake_cuda(1):
        claim(gpus(1), 0)
        assert os.environ[name] == "max_split_size_mb:128"
        assert os.environ.get("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:128") != (
            "expandable_segments:True"
        )


def test_it_does_not_under_wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTORCH_CUDA_ALLOC_CONF", raising=False)
    monkeypatch.delenv("PYTORCH_ALLOC_CONF", raising=False)
    release = SimpleNamespace(release="5.15.90.1-microsoft-standard-WSL2")
    monkeypatch.setattr(os, "uname", lambda: release)
    with fake_cuda(1):
        claim(gpus(1), 0)
        assert "PYTORCH_CUDA_ALLOC_CONF" not in os.environ

"""A rank takes the GPU that it was given."""

from __future__ import annotations

import os
from collections.abc import Iterator

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
    assert caught.value.code == "no-gpu"

"""How full a GPU is counts what is needed, not what the allocator keeps in reserve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from fake_cuda import FakeCuda, fake_cuda
from jupyterlab_saturn.training.run.headroom import require_headroom
from jupyterlab_saturn.training.runtime.device import CpuDevice, CudaDevice
from jupyterlab_saturn.training.runtime.failure import is_out_of_memory
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup

GIGABYTE = 1_000_000_000
GPU: Any = {"id": "cuda0", "kind": "cuda", "uuid": "GPU-0", "name": "A10", "memoryBytes": 1}
ALONE = ProcessGroup(0, 1)


@pytest.fixture
def cuda() -> Iterator[FakeCuda]:
    threads = torch.get_num_threads()
    with fake_cuda(1, memory_bytes=24 * GIGABYTE) as cuda:
        yield cuda
    torch.set_num_threads(threads)


def use(cuda: FakeCuda, *, allocated: int, reserved: int, others: int = 0) -> CudaDevice:
    device = CudaDevice([GPU], 0)
    device.reset_peak()
    cuda.allocated_bytes = allocated * GIGABYTE
    cuda.reserved_bytes = reserved * GIGABYTE
    cuda.free_bytes[0] = (24 - reserved - others) * GIGABYTE
    return device


def test_what_is_kept_in_reserve_can_be_given_back(cuda: FakeCuda) -> None:
    device = use(cuda, allocated=12, reserved=23)
    assert device.peak_bytes() == 12 * GIGABYTE
    assert device.pressure() == 0.5
    require_headroom(ALONE, device)


def test_what_others_have_counts(cuda: FakeCuda) -> None:
    device = use(cuda, allocated=21, reserved=21, others=2)  # a desktop, a context
    assert device.pressure() == pytest.approx(23 / 24)
    with pytest.raises(torch.OutOfMemoryError, match="too close to the limit") as caught:
        require_headroom(ALONE, device)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(("retries", "full"), [(0, False), (1, False), (2, True)])
def test_one_that_gives_its_reserve_back_again_and_again_is_full(
    cuda: FakeCuda, retries: int, full: bool
) -> None:
    cuda.stats["num_alloc_retries"] = 7  # before
    device = use(cuda, allocated=12, reserved=20)
    cuda.stats["num_alloc_retries"] = 7 + retries
    assert (device.pressure() > 0.95) is full


def test_only_the_full_one_says_so(cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others would speak of the task's memory where other programs hold that of its device."""
    asked: list[list[float]] = []

    def most(_: ProcessGroup, values: list[float]) -> list[float]:
        asked.append(values)
        if len(asked) > 1:
            raise ConnectionError("the full one is gone")
        return [0.97]

    monkeypatch.setattr(ProcessGroup, "max", most)
    with pytest.raises(ConnectionError):
        require_headroom(ProcessGroup(0, 2), use(cuda, allocated=1, reserved=1))
    asked.clear()
    with pytest.raises(torch.OutOfMemoryError, match="too close to the limit"):
        require_headroom(ProcessGroup(1, 2), use(cuda, allocated=23, reserved=23))
    assert len(asked) == 1


def test_a_cpu_has_a_limit_of_its_own() -> None:
    require_headroom(ALONE, CpuDevice((), 1))

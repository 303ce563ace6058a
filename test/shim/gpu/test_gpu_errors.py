"""What CUDA, its libraries and NCCL say, in their own words, has the code it deserves."""

from __future__ import annotations

from unittest import mock

import pytest
import torch
from fake_cuda import fake_cuda
from jupyterlab_saturn import wire
from jupyterlab_saturn.cuda_errors import fault_of
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.runtime.failure import describe, is_out_of_device_memory

LATE = (
    "\nCUDA kernel errors might be asynchronously reported at some other API call, so the "
    "stacktrace below might be incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n"
)
NCCL = (
    "NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:77, unhandled cuda error "
    "(run with NCCL_DEBUG=INFO for details), NCCL version 2.26.2\nncclUnhandledCudaError: Call to "
    "CUDA function failed.\nLast error:\n"
)
SYSTEM = (
    "NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:77, unhandled system error "
    "(run with NCCL_DEBUG=INFO for details), NCCL version 2.26.2\nncclSystemError: System call "
    "(e.g. socket, malloc) or external library call failed or device error.\nLast error:\n"
)
WATCHDOG = (
    "[rank0]:[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] [Rank 0] Watchdog caught "
    "collective operation timeout: WorkNCCL(SeqNum=1580, OpType=ALLREDUCE, NumelIn=466119168, "
    "NumelOut=466119168, Timeout(ms)=600000) ran for 600060 milliseconds before timing out."
)

OUT_OF_MEMORY = [
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.77 GiB",
    "CUDA error: out of memory" + LATE,
    "CUDA driver error: out of memory",
    NCCL + "Cuda failure 2 'out of memory'",
    NCCL + "Cuda failure 'out of memory'",
    NCCL + "Failed to CUDA calloc 6291456 bytes",
    NCCL + "Failed to CUDA calloc async 608 bytes",
    "Triton Error [CUDA]: out of memory",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "cuFFT error: CUFFT_ALLOC_FAILED",
    "cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`",
    "cudaMalloc failed: out of memory",
    "cudaHostAlloc(&ptr, size, 0) failed: out of memory",
    "cudaErrorMemoryAllocation: out of memory",
    "Error out of memory at line 380 in file /src/csrc/pythonInterface.cpp",
    "OpenBLAS error: Memory allocation still failed after 10 retries, giving up.",
    "libgomp: Out of memory allocating 8388608 bytes",
    "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
]

LOST = [
    "CUDA error: uncorrectable ECC error encountered" + LATE,
    NCCL + "Cuda failure 214 'uncorrectable ECC error encountered'",
    "cuda runtime error (39) : uncorrectable ECC error encountered at THCCachingHostAllocator.cpp",
    "Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost.  Reboot the system",
    "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.",
]

BUSY = [
    "CUDA error: all CUDA-capable devices are busy or unavailable" + LATE,
    "CUDA error: CUDA-capable device(s) is/are busy or unavailable" + LATE,
]

SHARED_MEMORY = [
    SYSTEM + "Error while creating shared memory segment /dev/shm/nccl-WU88OE (size 9637888), "
    "error: No space left on device (28)",
    "misc/shmutils.cc:71 NCCL WARN Error: failed to extend /dev/shm/nccl-fjwOOB to 5967876 bytes",
    "DataLoader worker (pid 4711) is killed by signal: Bus error. It is possible that dataloader's "
    "workers are out of shared memory. Please try to raise your shared memory limit.",
    "unable to write to file </torch_4711_12_0>: No space left on device (28)",
    "unable to resize file </torch_4711_12_0> to the right size: No space left on device (28)",
]

OF_A_KERNEL = [
    "CUDA error: device-side assert triggered" + LATE,
    "CUDA error: an illegal memory access was encountered" + LATE,
    "CUDA error: misaligned address" + LATE,
    "CUDA error: unspecified launch failure" + LATE,
]


@pytest.mark.parametrize("text", OUT_OF_MEMORY)
def test_memory_that_is_not_there_makes_a_strategy_infeasible(text: str) -> None:
    error = RuntimeError(text)
    failure = describe(error, "training-failed")
    wire.validate("Failure", failure)
    assert failure["code"] == "out-of-memory"
    assert is_out_of_device_memory(error)


def test_host_memory_is_no_matter_of_the_gpu() -> None:
    assert not is_out_of_device_memory(MemoryError("numpy"))
    assert not is_out_of_device_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))


@pytest.mark.parametrize(
    ("text", "code"),
    [(text, "device-lost") for text in LOST]
    + [(text, "device-busy") for text in BUSY]
    + [(text, "shared-memory-full") for text in SHARED_MEMORY],
)
def test_what_is_no_fault_of_the_task_has_a_code_and_a_way_out(text: str, code: str) -> None:
    failure = describe(RuntimeError(text), "training-failed")
    wire.validate("Failure", failure)
    assert failure["code"] == code
    assert failure["hint"]


def test_a_lost_gpu_is_told_from_the_function_that_met_it() -> None:
    told = SaturnError("task-failed", "The factory failed.")
    told.__cause__ = RuntimeError(LOST[0])
    assert describe(told, "training-failed")["code"] == "device-lost"


@pytest.mark.parametrize("text", OF_A_KERNEL)
def test_a_kernel_that_fails_is_the_tasks_with_a_way_to_find_it(text: str) -> None:
    failure = describe(RuntimeError(text), "training-failed")
    assert failure["code"] == "training-failed"
    assert "CUDA_LAUNCH_BLOCKING" in failure["hint"]


@pytest.mark.parametrize(
    "text", ["out of memory is what this lesson is about", "Cuda failure 1 'invalid argument'", ""]
)
def test_other_texts_are_none_of_these(text: str) -> None:
    assert fault_of(text) is None
    assert describe(RuntimeError(text), "training-failed")["code"] == "training-failed"


def test_memory_comes_before_what_follows_from_it() -> None:
    assert fault_of(f"{WATCHDOG}\n{OUT_OF_MEMORY[0]}") == "out-of-memory"
    assert fault_of(f"{WATCHDOG}\n{OF_A_KERNEL[0]}") == "kernel-failed"
    assert fault_of(WATCHDOG) == "rank-hung"


@pytest.mark.parametrize(("free", "code"), [(1, "out-of-memory"), (20, "training-failed")])
@pytest.mark.parametrize("library", ["CUBLAS", "CUDNN"])
def test_a_library_without_a_handle_lacks_memory_where_there_is_none(
    library: str, free: int, code: str
) -> None:
    error = RuntimeError(f"CUDA error: {library}_STATUS_NOT_INITIALIZED when calling `create`")
    with fake_cuda(1, memory_bytes=24_000_000_000, free_bytes=free * 10**9) as gpus:
        gpus.initialized = True
        assert describe(error, "training-failed")["code"] == code


def test_a_gpu_that_answers_nothing_any_more_is_not_said_to_be_full() -> None:
    error = RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED")
    broken = mock.Mock(side_effect=RuntimeError("CUDA error: device-side assert triggered"))
    with fake_cuda(1) as gpus, mock.patch.object(torch.cuda, "mem_get_info", broken):
        gpus.initialized = True
        assert describe(error, "training-failed")["code"] == "training-failed"

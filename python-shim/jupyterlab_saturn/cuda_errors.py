"""What CUDA, its libraries and NCCL say when they fail, and whose fault that is.

They raise a plain `RuntimeError`, or end the process, as libraries for CPUs do that find no memory:
the text is all there is to tell by.
"""

from __future__ import annotations

import re
from typing import Literal

CudaFault = Literal[
    "out-of-memory",
    "device-lost",
    "device-busy",
    "kernel-failed",
    "shared-memory-full",
    "rank-hung",
]

# Texts are those of cudaGetErrorString(), and of the allocators that do not come by it. Where a
# log holds several, what is told first here has led to what is told later.
_TEXTS: dict[CudaFault, str] = {
    "out-of-memory": r"CUDA out of memory"
    r"|(CUDA|CUDA driver|HIP) error: out of memory"
    r"|cuda failure( \d+)? 'out of memory'"  # NCCL
    r"|Failed to CUDA (host )?(c?alloc|malloc)( async)? \d+"  # NCCL
    r"|Triton Error \[CUDA\]: out of memory"
    r"|cudaErrorMemoryAllocation|CUDA_ERROR_OUT_OF_MEMORY"
    r"|cuda(Malloc|MallocAsync|MallocManaged|HostAlloc|MallocHost)\b[^\n]{0,80}out of memory"
    r"|Error out of memory at line \d+ in file"  # bitsandbytes
    r"|(CUBLAS|CUSPARSE|CUSOLVER|CUDNN)_STATUS_ALLOC_FAILED"
    r"|CUDNN_STATUS_INTERNAL_ERROR_(DEVICE|HOST)_ALLOCATION_FAILED"
    r"|CUSPARSE_STATUS_INSUFFICIENT_RESOURCES|CUFFT_ALLOC_FAILED"
    r"|OpenBLAS error: Memory allocation still failed"
    r"|libgomp: Out of memory allocating"
    r"|what\(\): +std::bad_alloc",  # which nobody caught
    "device-lost": r"uncorrectable (ECC|NVLink) error|cudaErrorECCUncorrectable"
    r"|GPU is lost|GPU has fallen off the bus|fallen off the bus"
    r"|Unable to determine the device handle for GPU"
    r"|peer GPU memory over nvlink or a hardware error",
    "device-busy": r"CUDA-capable device(s|\(s\))? (are|is|is/are) busy or unavailable"
    r"|cudaErrorDevicesUnavailable",
    "kernel-failed": r"device-side assert triggered"
    r"|illegal (memory access|instruction) was encountered"
    r"|misaligned address|invalid program counter|hardware stack error"
    # By its description most often a kernel's mistake; what breaks on one GPU alone is rare.
    r"|unspecified launch failure"
    r"|operation not supported on global/shared address space",
    "shared-memory-full": r"Error while creating shared memory segment"
    r"|failed to extend /dev/shm/|insufficient shared memory \(shm\)"
    r"|out of shared memory\. Please try to raise your shared memory limit"
    r"|unable to (resize|write to|allocate shared memory\(shm\) for) file <",
    "rank-hung": r"Watchdog caught collective operation timeout"
    r"|watchdog got stuck for \d+ seconds",
}

_PATTERNS = {fault: re.compile(text, re.IGNORECASE) for fault, text in _TEXTS.items()}

KERNEL_HINT = (
    "An index or a label out of range does it most often: compare labels with the number of "
    "classes, and tokens with the size of the embedding."
)
"""What to look for when a kernel failed at a place that is known."""

HINTS: dict[CudaFault, str] = {
    "out-of-memory": "Shard it over more devices, make the batch smaller, or allow more memory.",
    "device-lost": "Look for its Xid in the system's log (dmesg) and for ECC errors with "
    "nvidia-smi -q: often only a reset or a reboot brings it back.",
    "device-busy": "Another process has it for itself (nvidia-smi shows the compute mode and who).",
    "kernel-failed": "GPUs tell of this late, so the traceback may point elsewhere. With "
    "os.environ['CUDA_LAUNCH_BLOCKING'] = '1' as the function's first line it shows the place. "
    + KERNEL_HINT,
    "shared-memory-full": "Containers have 64 MB of /dev/shm unless they are told: start it with "
    "--shm-size=8g or --ipc=host, or use no workers for loading data.",
    "rank-hung": "Their stacks tell where each was: look for a rank that does other things than "
    "the others, or waits for something outside.",
}

DEVICE_FAULTS = frozenset({"device-lost", "device-busy", "device-shared"})
"""Codes of failures that are a device's and no task's."""

# Of a library without room for its handle, and of convolutions for which PyTorch has tried all of
# cuDNN's engines in vain: it drops what each said, out of memory among it (Conv_v8.cpp of ATen).
_MAY_LACK_MEMORY = re.compile(
    r"(CUBLAS|CUDNN|CUSOLVER|CUSPARSE)_STATUS_NOT_INITIALIZED"
    r"|unable to find an engine to execute this computation"
    r"|Unable to find a valid cuDNN algorithm"
)


def fault_of(text: str) -> CudaFault | None:
    """What has gone wrong, by the text of an error or a log; None when it is none of these."""
    return next((fault for fault, said in _PATTERNS.items() if said.search(text)), None)


def line_of(text: str, fault: CudaFault) -> str:
    """The line of a log that tells of a fault."""
    found = _PATTERNS[fault].search(text)
    if found is None:
        return ""
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return text[start : end if end >= 0 else len(text)].strip()[:500]


def may_lack_memory(text: str) -> bool:
    """Whether a library had no room, or another reason that it does not tell: memory tells."""
    return _MAY_LACK_MEMORY.search(text) is not None

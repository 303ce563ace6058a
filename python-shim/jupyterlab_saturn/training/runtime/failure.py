"""What went wrong in a rank, told to the user: out of memory, or failed and where."""

from __future__ import annotations

import errno
import os
import resource
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...cuda_errors import DEVICE_FAULTS, HINTS, CudaFault, fault_of, may_lack_memory
from ...errors import SaturnError, is_disk_full

if TYPE_CHECKING:
    from ...generated.wire_types import Failure

# Texts of allocators of host memory that raise a plain RuntimeError. The list that accelerate
# keeps in `utils/memory.py::should_reduce_batch_size` served as a check of ours.
_OUT_OF_HOST_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "std::bad_alloc",
    os.strerror(errno.ENOMEM),  # of files that are mapped, as by torch.load and shared tensors
)

# What the dynamic loader says of a library that has no room.
_UNMAPPED = ("cannot map zero-fill pages", os.strerror(errno.ENOMEM))

# What oneDNN, which computes convolutions and what is of half precision on CPUs, says when an
# allocation of its own fails: dnnl.hpp drops the status, dnnl_out_of_memory, of what it wraps. It
# says the same of what it has no code for (pytorch#55884): that an inspection finds, without limit.
_NO_PRIMITIVE = ("could not create a primitive", "could not execute a primitive")

# A GPU with less of its memory free than this has no room for the handle of a library.
_FULL_SHARE = 0.05

# What a collective, or the file at which ranks meet, raises after waiting for long enough.
_WAITED_IN_VAIN = (
    "Timed out waiting",
    "Timeout waiting for key",
    "wait timeout after",
    "Application timeout caused pair closure",
)

# What a collective raises when another rank's process is gone.
_PEER_LOST = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Broken pipe",
    "remote process exited",
)

# What PyTorch says of tensors that are not all on one device, or on one that NumPy cannot reach.
_WRONG_DEVICE = (
    "to be on the same device",
    "is not on the expected device",
    "device type tensor to numpy",
)

# How a failure that is not the task's begins.
_SENTENCES: dict[CudaFault, str] = {
    "device-lost": "The GPU is lost",
    "device-busy": "The GPU is in use",
    "shared-memory-full": "Processes have no room for what they share",
}

_LOADER = "torch/utils/data/dataloader.py"

_PACKAGE = str(Path(__file__).parents[2])
_MAX_MESSAGE = 2_000
_MAX_TRACEBACK = 20_000


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception, or one that caused it, is a failed allocation."""
    return any(_is_allocation(link) for link in _chain(error))


def is_out_of_device_memory(error: BaseException) -> bool:
    """Whether an exception, or one that caused it, is a failed allocation of GPU memory."""
    return any(_is_device_allocation(link) for link in _chain(error))


def is_peer_lost(error: BaseException) -> bool:
    """Whether a collective failed because another rank is gone: not this rank's fault."""
    return any(
        isinstance(link, RuntimeError) and any(text in str(link) for text in _PEER_LOST)
        for link in _chain(error)
    )


def is_wrong_device(error: BaseException) -> bool:
    """Whether something was computed of tensors on unlike devices, or of a GPU's by NumPy."""
    return any(any(text in str(link) for text in _WRONG_DEVICE) for link in _chain(error))


def is_hung(error: BaseException) -> bool:
    """Whether a collective gave up waiting for another rank, which is there but does not come."""
    return any(
        isinstance(link, RuntimeError) and any(text in str(link) for text in _WAITED_IN_VAIN)
        for link in _chain(error)
    )


def is_loader_lost(error: BaseException) -> bool:
    """Whether a process that loads data for this one is gone.

    What it was sending is then missing in many ways, of which `DataLoader` names only some.
    """
    return any(_is_loader_lost(link) for link in _chain(error))


def describe(error: BaseException, code: str) -> Failure:
    """An exception as a wire ``Failure`` whose traceback begins in the user's own code.

    Parameters
    ----------
    code
        Code of the failure, unless the exception has its own.
    """
    if isinstance(error, SaturnError) and error.code in DEVICE_FAULTS:
        return error.to_json()
    if is_out_of_memory(error):
        return _told("out-of-memory", _headline(error), HINTS["out-of-memory"], error)
    fault = _fault_of(error)
    if fault is not None and fault in _SENTENCES:
        return _told(fault, f"{_SENTENCES[fault]}: {_headline(error)}", HINTS[fault], error)
    if isinstance(error, SaturnError):
        return error.to_json()
    if fault == "kernel-failed":
        return _told(code, _headline(error), HINTS[fault], error)
    if is_loader_lost(error):
        message = f"A process that loads data is gone: {_headline(error)}"
        hint = "It may have run out of memory: use fewer workers."
        return _told("loader-died", message, hint, error)
    if is_hung(error):
        message = "The ranks waited for one of them in vain, so all were ended."
        return _told("rank-hung", message, HINTS["rank-hung"], error)
    if _is_disk_full(error):
        hint = "Free some space and run again: training goes on from the last checkpoint."
        return _told("disk-full", f"The disk is full: {_headline(error)}", hint, error)
    return {"code": code, "message": _clip(_headline(error)), "traceback": user_traceback(error)}


def _told(code: str, message: str, hint: str, error: BaseException) -> Failure:
    traceback = user_traceback(error)
    return {"code": code, "message": _clip(message), "hint": hint, "traceback": traceback}


def user_traceback(error: BaseException) -> str:
    """The traceback from the first frame of the user's code on; our own frames are no help."""
    report = traceback.TracebackException.from_exception(error)
    link: traceback.TracebackException | None = report
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        link.stack = _from_user(link.stack)
        link = link.__cause__ or link.__context__
    return "".join(report.format())[-_MAX_TRACEBACK:]


def is_from_user(error: BaseException) -> bool:
    """Whether it was raised in code that is not ours, rather than by our call of it."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(_is_foreign(frame.filename) for frame in frames)


def is_user_file(filename: str) -> bool:
    """Whether code of a file is the user's own: neither ours nor that of something installed."""
    installed = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    return _is_foreign(filename) and not filename.startswith(installed)


def _from_user(stack: traceback.StackSummary) -> traceback.StackSummary:
    frames = list(stack)
    for is_start in (is_user_file, _is_foreign):
        for index, frame in enumerate(frames):
            if is_start(frame.filename):
                return traceback.StackSummary.from_list(frames[index:])
    return stack


def _is_foreign(filename: str) -> bool:
    return not filename.startswith((_PACKAGE, "<frozen"))


def _is_allocation(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):  # dlopen(3)
        return any(text in str(error) for text in _UNMAPPED)
    if isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_HOST_MEMORY):
        return True
    return _is_primitive_without_room(error) or _is_device_allocation(error)


def _is_primitive_without_room(error: BaseException) -> bool:
    if not isinstance(error, RuntimeError) or not str(error).startswith(_NO_PRIMITIVE):
        return False
    return resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY


def _is_device_allocation(error: BaseException) -> bool:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    text = str(error)
    return fault_of(text) == "out-of-memory" or (may_lack_memory(text) and _is_gpu_full())


def _is_gpu_full() -> bool:
    """Whether a GPU has no room now, or had none for what this process asked for."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return False
    try:
        refused = torch.cuda.memory_stats().get("num_ooms", 0)
        free, total = torch.cuda.mem_get_info()
    except RuntimeError:  # after an error that stays, which then is the reason
        return False
    return bool(refused > 0 or free < _FULL_SHARE * total)


def _fault_of(error: BaseException) -> CudaFault | None:
    texts = (str(link) for link in _chain(error) if isinstance(link, RuntimeError))
    return next(filter(None, map(fault_of, texts)), None)


def _is_loader_lost(error: BaseException) -> bool:
    text = str(error)
    if isinstance(error, RuntimeError) and "DataLoader worker (pid" in text:
        return True
    # An error of the dataset's comes out of its process as one that was caught there.
    if not isinstance(error, OSError | EOFError) or text.startswith("Caught "):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.filename.endswith(_LOADER) for frame in frames)


def _is_disk_full(error: BaseException) -> bool:
    return any(map(is_disk_full, _chain(error)))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _headline(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _clip(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"

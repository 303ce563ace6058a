"""What went wrong in a rank, told to the user: out of memory, or failed and where."""

from __future__ import annotations

import errno
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import SaturnError

if TYPE_CHECKING:
    from ...generated.wire_types import Failure

# Texts of allocators that raise a plain RuntimeError. The list that accelerate keeps in
# `utils/memory.py::should_reduce_batch_size` served as a check of ours.
_OUT_OF_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "std::bad_alloc",
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)

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

_LOADER = "torch/utils/data/dataloader.py"

_PACKAGE = str(Path(__file__).parents[2])
_MAX_MESSAGE = 2_000
_MAX_TRACEBACK = 20_000


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception, or one that caused it, is a failed allocation."""
    return any(_is_allocation(link) for link in _chain(error))


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
    if is_out_of_memory(error):
        return {
            "code": "out-of-memory",
            "message": _clip(_headline(error)),
            "hint": "Shard it over more devices, make the batch smaller, or allow more memory.",
            "traceback": user_traceback(error),
        }
    if isinstance(error, SaturnError):
        return error.to_json()
    if is_loader_lost(error):
        return {
            "code": "loader-died",
            "message": _clip(f"A process that loads data is gone: {_headline(error)}"),
            "hint": "It may have run out of memory: use fewer workers.",
            "traceback": user_traceback(error),
        }
    if is_hung(error):
        return {
            "code": "rank-hung",
            "message": "The ranks waited for one of them in vain, so all were ended.",
            "hint": "Their stacks tell where each was: look for a rank that does other things "
            "than the others, or waits for something outside.",
            "traceback": user_traceback(error),
        }
    if _is_disk_full(error):
        return {
            "code": "disk-full",
            "message": _clip(f"The disk is full: {_headline(error)}"),
            "hint": "Free some space and run again: training goes on from the last checkpoint.",
            "traceback": user_traceback(error),
        }
    return {"code": code, "message": _clip(_headline(error)), "traceback": user_traceback(error)}


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
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)


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
    full = (errno.ENOSPC, errno.EDQUOT)
    return any(isinstance(link, OSError) and link.errno in full for link in _chain(error))


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

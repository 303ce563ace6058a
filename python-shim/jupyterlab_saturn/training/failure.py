"""What went wrong in a rank, told to the user: out of memory, or failed and where."""

from __future__ import annotations

import errno
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from ..errors import Json, SaturnError

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

# What a collective raises when another rank's process is gone.
_PEER_LOST = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Broken pipe",
    "remote process exited",
)

_PACKAGE = str(Path(__file__).parents[1])
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


def describe(error: BaseException, code: str) -> Json:
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


def _from_user(stack: traceback.StackSummary) -> traceback.StackSummary:
    frames = list(stack)
    for is_start in (_is_user, _is_foreign):
        for index, frame in enumerate(frames):
            if is_start(frame.filename):
                return traceback.StackSummary.from_list(frames[index:])
    return stack


def _is_foreign(filename: str) -> bool:
    return not filename.startswith((_PACKAGE, "<frozen"))


def _is_user(filename: str) -> bool:
    installed = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    return _is_foreign(filename) and not filename.startswith(installed)


def _is_allocation(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)


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

"""Whether an inspection failed because the task cannot be without a GPU."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import SaturnError
from ..runtime.failure import describe

if TYPE_CHECKING:
    from ...generated.wire_types import Failure

_OF_TASKS_CODE = frozenset(
    {"factory-failed", "forward-failed", "rehearsal-failed", "data-failed", "inspection-failed"}
)
"""Codes of failures of code that may look at devices."""

# Whatever the device, and said at once instead of when one is free.
_MISTAKES = (NameError, SyntaxError, ModuleNotFoundError)

# How PyTorch, Triton and libraries of kernels say it; the last in code such as `assert x.is_cuda`.
_WANTS_GPU = re.compile(r"cuda|nvidia|\bgpus?\b|active drivers|triton|flash.?attention", re.I)


def may_need_device(error: BaseException) -> bool:
    """Whether what was raised on the CPU might not be on a device of the session's."""
    return _code(error) in _OF_TASKS_CODE and not any(
        isinstance(cause, _MISTAKES) for cause in _causes(error)
    )


def told_without_device(error: BaseException) -> Failure:
    """What an inspection raised where there are CPU cores alone."""
    failure = describe(error, "inspection-failed")
    if not may_need_device(error) or not _wants_gpu(failure):
        return failure
    return {
        **failure,
        "code": "needs-gpu",
        "message": (
            f"This task needs a GPU, and the session's devices are CPU cores. {failure['message']}"
        ),
        "hint": "Choose GPUs with %saturn cluster, or have the function do without where "
        "torch.cuda.is_available() is False.",
    }


def told_on_device(error: BaseException) -> Failure:
    """What an inspection raised on the one device that it had."""
    failure = describe(error, "inspection-failed")
    if failure["code"] != "out-of-memory":
        return failure
    return {
        **failure,
        "hint": "It cannot be tried on the CPU, and does not fit on one device. Let it run there, "
        "too (as with attn_implementation='sdpa', or without model.cuda()): then it may be "
        "sharded. Or make it smaller.",
    }


def _wants_gpu(failure: Failure) -> bool:
    lines = failure.get("traceback", "").strip().splitlines()[-3:]
    code = [line for line in lines if not line.lstrip().startswith("File ")]
    return any(_WANTS_GPU.search(text) for text in (failure["message"], *code))


def _code(error: BaseException) -> str:
    return error.code if isinstance(error, SaturnError) else "inspection-failed"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__

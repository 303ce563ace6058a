"""Whether a function is called in a loop, told by the code of those who call it."""

from __future__ import annotations

import dis
from types import CodeType, FrameType


def is_in_loop(frame: FrameType | None, package: str) -> bool:
    """Whether a call that a frame is making, or one that led to it, stands in a loop.

    Parameters
    ----------
    package
        Folder of the code at which looking ends: that which called the user's.
    """
    while frame is not None and not frame.f_code.co_filename.startswith(package):
        if _is_repeated(frame.f_code, frame.f_lasti):
            return True
        frame = frame.f_back
    return False


def _is_repeated(code: CodeType, place: int) -> bool:
    """Whether a jump from behind an instruction leads back to before it."""
    return any(
        each.opname.startswith("JUMP_BACKWARD") and each.argval <= place < each.offset
        for each in dis.get_instructions(code)
    )

"""Errors meant for people: a code, a sentence, and what to do next."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .plain_text import printable_lines

if TYPE_CHECKING:
    from .generated.wire_types import Failure

Json = dict[str, Any]
"""JSON whose members nobody promises."""


class SaturnError(Exception):
    """Something a user can act on.

    Parameters
    ----------
    code
        Stable, lower-case name for programs, e.g. ``"no-node"``.
    message
        One sentence: what went wrong and why.
    hint
        What to do about it.
    devices
        Ids of the devices whose fault it is.
    """

    def __init__(
        self, code: str, message: str, hint: str | None = None, *, devices: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.devices = list(devices)
        self.traceback: str | None = None

    def __str__(self) -> str:
        text = self.message if self.hint is None else f"{self.message}\n{self.hint}"
        return printable_lines(text if self.traceback is None else f"{text}\n\n{self.traceback}")

    def _render_traceback_(self) -> list[str]:
        """How IPython shows it: what to know and do, in place of where it was raised."""
        message = printable_lines(self.message)
        lines = [f"\x1b[31m{message}\x1b[0m \x1b[2m[{self.code}]\x1b[0m"]
        if self.hint is not None:
            lines.append(printable_lines(self.hint))
        if self.traceback is not None:
            lines += ["", printable_lines(self.traceback)]
        return lines

    def to_json(self) -> Failure:
        """The error as a wire ``Failure``."""
        failure: Failure = {"code": self.code, "message": self.message}
        if self.hint is not None:
            failure["hint"] = self.hint
        if self.devices:
            failure["devices"] = self.devices
        if self.traceback is not None:
            failure["traceback"] = self.traceback[-60_000:]
        return failure

    @classmethod
    def from_json(cls, failure: Failure) -> SaturnError:
        """The error a wire ``Failure`` describes."""
        error = cls(
            failure["code"],
            failure["message"],
            failure.get("hint"),
            devices=failure.get("devices", ()),
        )
        error.traceback = failure.get("traceback")
        return error


def is_disk_full(error: BaseException) -> bool:
    """Whether something could not be written for want of room, or of a quota."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def not_written(error: OSError, what: str, hint: str | None = None) -> SaturnError:
    """That something could not be written.

    Parameters
    ----------
    what
        The sentence without its reason, and without a full stop.
    hint
        What to do, unless the disk is full.

    Returns
    -------
    SaturnError
        ``disk-full`` or ``not-writable``.
    """
    message = f"{what}: {error.strerror}."
    if is_disk_full(error):
        return SaturnError("disk-full", message, "Free some space on the disk.")
    return SaturnError("not-writable", message, hint)


def failure_of(error: BaseException, code: str = "internal") -> Failure:
    """Any exception as a wire ``Failure``; foreign ones keep their traceback."""
    if isinstance(error, SaturnError):
        return error.to_json()
    text = "".join(traceback.format_exception(error))
    return {
        "code": "disk-full" if is_disk_full(error) else code,
        "message": f"{type(error).__name__}: {error}",
        "traceback": text[-60_000:],
    }

"""What fails while nothing can be written is the disk's fault, whatever it says."""

from __future__ import annotations

import errno
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import is_disk_full
from .group_outcome import GroupOutcome

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

_FULL_BYTES = 1 << 20
"""With less than this left, hardly anything can be written: no log, no file of a library."""

_OF_THE_AGENT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR)
"""What keeps this process from opening a file, whatever the disk is like."""


def blaming_disk(outcome: GroupOutcome, folder: Path) -> GroupOutcome:
    """How a group ended, put down to the disk if it failed and nothing can be written.

    A file system that has met an error is mounted read-only by the kernel; one of another machine
    may answer nothing, or no longer know the folder.

    Parameters
    ----------
    folder
        Of the session.
    """
    if outcome.kind != "failed" or (outcome.error and outcome.error["code"] == "disk-full"):
        return outcome
    failure = _failure_of_disk(folder)
    if failure is None:
        return outcome
    said = "" if outcome.error is None else outcome.error["message"]
    return replace(outcome, error={**failure, "traceback": said} if said else failure)


def _failure_of_disk(folder: Path) -> Failure | None:
    try:
        if shutil.disk_usage(folder).free < _FULL_BYTES:
            return _full(folder)
        with tempfile.TemporaryFile(dir=folder, prefix=".tried-") as file:
            file.write(b"\0" * 4096)
    except FileNotFoundError:  # who has removed the folder wants no more of the session
        return None
    except OSError as error:
        if is_disk_full(error):
            return _full(folder)
        if error.errno in _OF_THE_AGENT:
            return None
        message = f"Nothing can be written to {folder}: {error.strerror}."
        return {"code": "disk-failed", "message": message}
    return None


def _full(folder: Path) -> Failure:
    message = f"The disk of {folder} is full."
    return {"code": "disk-full", "message": message, "hint": "Free some space on it."}

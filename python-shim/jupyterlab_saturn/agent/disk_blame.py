"""What fails while the disk is full is the disk's fault, whatever it says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .group_outcome import GroupOutcome

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

_FULL_BYTES = 1 << 20
"""With less than this left, hardly anything can be written: no log, no file of a library."""


def blaming_disk(outcome: GroupOutcome, folder: Path) -> GroupOutcome:
    """How a group ended, put down to the disk if it failed and that is full.

    Parameters
    ----------
    folder
        Of the session.
    """
    if outcome.kind != "failed" or (outcome.error and outcome.error["code"] == "disk-full"):
        return outcome
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return outcome
    if free >= _FULL_BYTES:
        return outcome
    said = "" if outcome.error is None else outcome.error["message"]
    failure: Failure = {
        "code": "disk-full",
        "message": f"The disk of {folder} is full.",
        "hint": "Free some space on it.",
    }
    return replace(outcome, error={**failure, "traceback": said} if said else failure)

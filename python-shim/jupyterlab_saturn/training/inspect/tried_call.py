"""A call of something of a task, tried before training comes to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import SaturnError
from ..components.predictions import MetricsFailed
from ..runtime.failure import describe, is_out_of_memory
from .deadline import TimeUp


def tried(role: str, work: Callable[[], Any]) -> Any:
    """What a call gives.

    Parameters
    ----------
    role
        What of the task is called, as messages name it.

    Raises
    ------
    SaturnError
        ``rehearsal-failed`` with the user's traceback. What has a meaning of its own, such as that
        memory does not suffice, is raised as it is.
    """
    try:
        return work()
    except Exception as error:
        if isinstance(error, SaturnError | MetricsFailed | TimeUp) or is_out_of_memory(error):
            raise
        failure = describe(error, "rehearsal-failed")
        told = rehearsal_failed(
            f"The {role} fails, tried on a little: {failure['message'].rstrip('.')}.",
            "Correct it now: training would have failed when it came to it.",
        )
        told.traceback = failure.get("traceback")
        raise told from error


def rehearsal_failed(message: str, hint: str) -> SaturnError:
    return SaturnError("rehearsal-failed", message, hint)

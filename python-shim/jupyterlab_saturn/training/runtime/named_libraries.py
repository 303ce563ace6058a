"""Slow libraries that the code of tasks names, read without running any of it."""

from __future__ import annotations

import json
import pickletools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import SaturnError
from ...paths import SessionPaths
from . import preloaded_libraries

if TYPE_CHECKING:
    from .rank_order import RankOrder

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_MOST_BYTES = 1 << 22
"""Of a payload that is looked through: what is larger is data."""


def named_in_inspection(request: Path) -> list[str]:
    """Modules of slow libraries that tasks name which a request has inspected; none of others.

    Parameters
    ----------
    request
        File of a rank's request; nothing is found in one that makes no sense.
    """
    try:
        order: RankOrder = json.loads(request.read_text("utf-8"))
        if order["kind"] != "inspect" or order.get("devices"):
            return []
        paths = SessionPaths.of_folder(order["session"])
        files = {paths.payload(task["payload"]) for task in order["tasks"]}
        return sorted({name for file in files for name in _named_in(file)})
    except (OSError, ValueError, LookupError, TypeError, SaturnError):
        return []


def _named_in(payload: Path) -> Iterator[str]:
    """Pickled code holds the names of modules that it imports, and of those it refers to."""
    if payload.stat().st_size > _MOST_BYTES:
        return
    written = payload.read_bytes()
    if not preloaded_libraries.may_name_slow(written):
        return
    for _, value, _ in pickletools.genops(written):
        if (
            isinstance(value, str)
            and preloaded_libraries.is_slow(value)
            and _MODULE.fullmatch(value)
        ):
            yield value

"""An end to what takes too long to be worth it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from torch.nn.modules.module import register_module_forward_pre_hook


class TimeUp(Exception):
    """A deadline has passed."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` when a module begins after so long.

    Nowhere else: an exception that comes from a signal, in the midst of an operator, ends the
    process.
    """
    end = time.monotonic() + seconds

    def look(*_: object) -> None:
        if time.monotonic() > end:
            raise TimeUp

    handle = register_module_forward_pre_hook(look)
    try:
        yield
    finally:
        handle.remove()

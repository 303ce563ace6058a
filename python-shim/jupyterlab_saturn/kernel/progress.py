"""One line that tells how far the session is, updated in place."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..plain_text import printable
from .duration import duration

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState

_FIRST_SECONDS = 0.5
_REDRAW_SECONDS = 0.2
_RUNNING = frozenset({"starting", "running", "stopping"})


def is_training(state: SessionState) -> bool:
    """Whether a task trains, or will before the engine rests."""
    return state["goal"] != "none" or any(task["status"] in _RUNNING for task in state["tasks"])


class Progress:
    """The line itself: an updated display in notebooks, a rewritten line in terminals.

    Silent elsewhere (scripts whose output goes to a file), and when all is over at once.

    Parameters
    ----------
    shell
        The running IPython shell, or None.
    clock
        Seconds that only grow.
    """

    def __init__(self, shell: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = self._at = clock()
        self._handle: Any = None
        self._shown = ""
        self._in_notebook = getattr(shell, "kernel", None) is not None
        self._in_terminal = not self._in_notebook and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._in_terminal and self._shown:
            sys.stderr.write("\n")
            sys.stderr.flush()

    def update(self, state: SessionState) -> None:
        """Show what the engine says of a state, at most five times a second."""
        now = self._clock()
        if now - self._begun >= _FIRST_SECONDS and now - self._at >= _REDRAW_SECONDS:
            self._at = now
            self._write(printable(state.get("progress", "")))

    def finish(self) -> None:
        """Say how long it took, unless nothing was shown so far."""
        if self._shown:
            self._write(f"Done after {duration(round(self._clock() - self._begun))}.")

    def _write(self, text: str) -> None:
        if text == self._shown:
            return
        self._shown = text
        if self._in_notebook:
            self._draw(text)
        elif self._in_terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def _draw(self, text: str) -> None:
        from IPython.display import DisplayHandle

        bundle = {"text/plain": text}
        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(bundle, raw=True)
        else:
            self._handle.update(bundle, raw=True)

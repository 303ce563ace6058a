"""What others have written, as it may be shown: no orders to a terminal, nothing that hides.

As ``src/core/view/format/escape.ts`` for what the engine shows.
"""

from __future__ import annotations

import re

# ECMA-48: colours and cursor; titles, links and the clipboard.
_TERMINAL_ORDERS = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)",
)
# What XML forbids, what disturbs a terminal, and what reorders or breaks a line.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)


def printable_lines(text: str) -> str:
    """Text with its line breaks and tabs; other controls and marks of direction become spaces."""
    plain = _TERMINAL_ORDERS.sub("", text).replace("\r\n", "\n")
    return _UNPRINTABLE.sub(" ", plain)


def printable(text: str) -> str:
    """Text in one line, otherwise as `printable_lines`."""
    return re.sub("[\n\t]", " ", printable_lines(text))

"""Words of a magic's line. Quotes hold a word together, and stay until its meaning is known."""

from __future__ import annotations

import re

from ..errors import SaturnError

_QUOTED = r"'[^']*'|\"[^\"]*\""
_WORD = re.compile(rf"(?:{_QUOTED}|[^\s'\"])+")
_PART = re.compile(rf"(?:{_QUOTED}|[^,'\"])*")


def split_words(line: str) -> list[str]:
    """Split at white space outside quotes. Raises SaturnError ``bad-quotes``."""
    words, end = [], 0
    for match in _WORD.finditer(line):
        if line[end : match.start()].strip():
            break
        words.append(match.group())
        end = match.end()
    if line[end:].strip():
        raise SaturnError(
            "bad-quotes", f"A quote is not closed: {line[end:].strip()}", "Close it, or remove it."
        )
    return words


def split_commas(text: str) -> list[str]:
    """Split a word at commas outside quotes."""
    parts, position = [], 0
    while True:
        match = _PART.match(text, position)
        assert match is not None  # the pattern matches the empty text
        parts.append(match.group())
        position = match.end() + 1
        if position > len(text):
            return parts


def unquoted(text: str) -> str | None:
    """The text between quotes; None when it is not quoted as a whole."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"" and text[0] not in text[1:-1]:
        return text[1:-1]
    return None

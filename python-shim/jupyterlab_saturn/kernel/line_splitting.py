"""Words of a magic's line. Quotes and brackets hold a word together until its meaning is known."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import SaturnError

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_QUOTES = "'\""


def split_words(line: str) -> list[str]:
    """Split at white space outside quotes and brackets. Raises SaturnError ``bad-quotes``."""
    return [word for word in _split(line, str.isspace) if word]


def split_commas(text: str) -> list[str]:
    """Split a word at commas outside quotes and brackets. Raises SaturnError ``bad-quotes``."""
    return _split(text, ",".__eq__)


def unquoted(text: str) -> str | None:
    """The text between quotes; None when it is not quoted as a whole."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in _QUOTES and text[0] not in text[1:-1]:
        return text[1:-1]
    return None


def bracketed(text: str) -> str | None:
    """The bracket that a value begins with and its partner ends it; None when there is none."""
    bracket = text[:1]
    return bracket if len(text) >= 2 and _CLOSING.get(bracket) == text[-1] else None


def _split(text: str, separates: Callable[[str], bool]) -> list[str]:
    parts, begin = [], 0
    quote, quoted_at = "", 0
    open_at: list[int] = []
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote, quoted_at = character, at
        elif open_at and character == _CLOSING[text[open_at[-1]]]:
            open_at.pop()
        elif character in _CLOSING and (open_at or _begins_value(text[begin:at])):
            open_at.append(at)
        elif not open_at and separates(character):
            parts.append(text[begin:at])
            begin = at + 1
    if quote:
        raise _unclosed("quote", text[quoted_at:])
    if open_at:
        raise _unclosed("bracket", text[open_at[0] :])
    return [*parts, text[begin:]]


def _begins_value(before: str) -> bool:
    """Whether a value begins behind this part of a word; elsewhere a bracket is text."""
    return not before.strip() or before[-1] in "=,"


def _unclosed(what: str, text: str) -> SaturnError:
    return SaturnError(
        "bad-quotes", f"A {what} is not closed: {text.strip()}", "Close it, or remove it."
    )

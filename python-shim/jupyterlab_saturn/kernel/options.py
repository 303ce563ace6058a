"""How a line of `%saturn` is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..errors import SaturnError
from .line_splitting import split_commas, unquoted
from .verb import Option, Verb
from .verbs import VERBS


@dataclass
class Arguments:
    """A line, read: options by name without dashes, and the words that belong to none."""

    options: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def find_verb(word: str) -> Verb:
    """The verb of a name. Raises SaturnError ``unknown-verb`` with the closest one."""
    for verb in VERBS:
        if verb.name == word:
            return verb
    raise SaturnError(
        "unknown-verb",
        f"%saturn has no verb {word!r}.",
        _closest(word, [verb.name for verb in VERBS], "All verbs: %saturn help"),
    )


def parse(verb: Verb, words: Iterable[str]) -> Arguments:
    """Read what follows a verb. Raises SaturnError ``unknown-option`` or ``bad-option``."""
    arguments = Arguments()
    option: Option | None = None
    values: list[str] = []
    for word in words:
        if word.startswith("--"):
            _store(arguments, option, values)
            name, equals, value = word.partition("=")
            option, values = _find_option(verb, name), [value] if equals else []
        elif option is not None and _takes_more(option, values):
            values.append(word)
        elif verb.names:
            arguments.names.append(unquoted(word) or word)
        else:
            raise SaturnError(
                "bad-option",
                f"%saturn {verb.name} does not understand {word!r}.",
                "A task is named after its function, and after the point of its sweep: leave "
                f"{word!r} out."
                if verb.name == "task" and word.isidentifier()
                else f"Write it like: {verb.example}",
            )
    _store(arguments, option, values)
    return arguments


def _find_option(verb: Verb, name: str) -> Option:
    for option in verb.options:
        if option.name == name:
            return option
    raise SaturnError(
        "unknown-option",
        f"%saturn {verb.name} has no option {name!r}.",
        _closest(
            name, [option.name for option in verb.options], f"Its options: %saturn help {verb.name}"
        ),
    )


def _takes_more(option: Option, values: list[str]) -> bool:
    if option.kind == "flag":
        return False
    return option.kind == "sweep" or not values


def _store(arguments: Arguments, option: Option | None, values: list[str]) -> None:
    if option is None:
        return
    name = option.name.removeprefix("--")
    if name in arguments.options:
        raise SaturnError("bad-option", f"{option.name} is there twice.", "Write it once.")
    arguments.options[name] = _read(option, values)


def _read(option: Option, values: list[str]) -> Any:
    if option.kind == "flag":
        if values:
            raise _bad(option, values[0])
        return True
    if option.kind == "sweep":
        return values
    if not values or not values[0]:
        raise _bad(option, "")
    text = unquoted(values[0]) or values[0]
    if option.kind == "list":
        parts = split_commas(text)
        if not all(parts):
            raise _bad(option, text)
        return parts
    try:
        return {"int": int, "number": float, "text": str}[option.kind](text)
    except ValueError:
        raise _bad(option, text) from None


def _bad(option: Option, text: str) -> SaturnError:
    usage = f"{option.name} {option.example}".strip()
    if not text:
        return SaturnError("bad-option", f"{option.name} has no value.", f"Write e.g. {usage}")
    return SaturnError("bad-option", f"{option.name} cannot be {text!r}.", f"Write e.g. {usage}")


def _closest(word: str, known: list[str], otherwise: str) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}? {otherwise}" if near else otherwise

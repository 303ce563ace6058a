"""`%saturn technique`: what is done with techniques of the user's own."""

from __future__ import annotations

import difflib

from ..errors import SaturnError
from .display import View
from .options import Arguments
from .technique_registry import TechniqueRegistry

#: What may stand behind `%saturn technique`.
ACTIONS = ("register", "list", "remove", "check")


def act(techniques: TechniqueRegistry, arguments: Arguments) -> View:
    """Do what a line asks for. Raises SaturnError ``bad-option`` with what to write."""
    action, *names = arguments.names or ["list"]
    options = arguments.options
    if action not in ACTIONS:
        near = difflib.get_close_matches(action, ACTIONS, n=1, cutoff=0.5)
        raise SaturnError(
            "bad-option",
            f"%saturn technique does not understand {action!r}.",
            f"Did you mean {near[0]}?" if near else f"It knows: {', '.join(ACTIONS)}.",
        )
    for option, its_action in (("name", "register"), ("devices", "check")):
        if option in options and action != its_action:
            raise SaturnError(
                "bad-option",
                f"--{option} does not go with {action}.",
                f"It belongs to %saturn technique {its_action}.",
            )
    if action == "list":
        return techniques.shown()
    if len(names) != 1:
        what = "module:Class" if action == "register" else "NAME"
        raise SaturnError(
            "bad-option",
            f"One technique at a time, not {len(names)}.",
            f"Write: %saturn technique {action} {what}",
        )
    (name,) = names
    if action == "register":
        return techniques.register(name, options.get("name"))
    if action == "remove":
        return techniques.remove(name)
    return techniques.check(name, _counts(options.get("devices")))


def define(techniques: TechniqueRegistry, arguments: Arguments, cell: str) -> View:
    """Make a technique of a cell. Raises SaturnError ``bad-option`` or ``bad-technique``."""
    if len(arguments.names) != 1 or arguments.options:
        raise SaturnError(
            "bad-option",
            "The cell's first line is to name its technique, and nothing else.",
            "Begin it like: %%saturn technique zero",
        )
    return techniques.define(arguments.names[0], cell)


def _counts(words: list[str] | None) -> list[int] | None:
    if words is None:
        return None
    if not all(word.isdigit() for word in words):
        raise SaturnError(
            "bad-option", f"--devices cannot be {','.join(words)!r}.", "Write e.g. --devices 1,2"
        )
    return [int(word) for word in words]

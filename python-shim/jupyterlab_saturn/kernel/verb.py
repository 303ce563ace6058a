"""What a word that `%saturn` understands is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["flag", "int", "number", "text", "list", "sweep"]


@dataclass(frozen=True)
class Option:
    """An option of a verb. `kind` says what follows it on the line."""

    name: str
    kind: Kind
    help: str
    example: str = ""


@dataclass(frozen=True)
class Verb:
    """Something `%saturn` does. `names` is what may stand without an option: tasks, a session."""

    name: str
    help: str
    example: str
    options: tuple[Option, ...] = ()
    names: str = ""
    is_cell: bool = False

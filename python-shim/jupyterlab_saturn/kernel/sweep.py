"""`model=mlp,cnn lr=1e-5..1e-1`: the parameters of a sweep and what values they may have."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SaturnError
from .line_splitting import bracketed, split_commas, unquoted
from .ranges import Range, parse_range

#: What the engine can hold, and the function gets.
Argument = str | int | float | bool | None | list["Argument"]
#: Parameter name to its values.
Grid = dict[str, list["Value"]]
#: Parameter name to its values, or to a range of them.
Space = dict[str, "list[Value] | Range"]

_EXAMPLE = "Write parameters and values like: --sweep model=mlp,cnn lr=1e-3,3e-3"
_INT = re.compile(r"[+-]?\d+(_\d+)*")
_FLOAT = re.compile(r"[+-]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BOOLS = {"True": True, "true": True, "False": False, "false": False}
_EXACT = 2**53  # larger integers are not exact in the engine's numbers


@dataclass(frozen=True)
class Value:
    """A value of a parameter, and its text as the user typed it, for names."""

    value: Argument
    text: str

    @property
    def key(self) -> str:
        """Equal for equal values, however they are written: 0.1, 1e-1 and 0.10."""
        return _key(self.value)


def parse_sweep(words: Iterable[str]) -> Space:
    """Read `name=value,value` and `name=low..high` words.

    Values are numbers, True, False, None, texts and lists of them. A list alone is the list of
    the parameter's values, as in Python; among others, or in another list, it is a value. A range
    stands alone.

    Raises
    ------
    SaturnError
        ``bad-sweep`` naming the bad part, ``duplicate-point``.
    """
    space: Space = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise SaturnError("bad-sweep", f"{word!r} is no parameter with values.", _EXAMPLE)
        if name in space:
            raise SaturnError("bad-sweep", f"The parameter {name!r} is there twice.", _EXAMPLE)
        parts = split_commas(text)
        ranges = [parse_range(name, part.strip()) for part in parts]
        if len(parts) == 1 and ranges[0] is not None:
            space[name] = ranges[0]
            continue
        if any(ranges):
            raise _range_among(name)
        if len(parts) == 1 and bracketed(parts[0]) == "[":
            parts = _items(parts[0])
        space[name] = _distinct(name, [_parse_value(name, part.strip()) for part in parts])
    if not space:
        raise SaturnError("bad-sweep", "The sweep names no parameter.", _EXAMPLE)
    return space


def _range_among(name: str) -> SaturnError:
    return SaturnError(
        "bad-sweep",
        f"The parameter {name!r} has a range among other values.",
        f"Give it the range alone, e.g. {name}=1e-5..1e-1, or values alone.",
    )


def parse_values(words: Iterable[str]) -> dict[str, Argument]:
    """Read `name=value` words, as a clone has them: a list is a value.

    Raises SaturnError ``bad-sweep``, ``bad-clone``.
    """
    values: dict[str, Argument] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier() or name in values:
            raise SaturnError(
                "bad-clone",
                f"{word!r} is no parameter with a value, or is there twice.",
                "Write each once, like: %saturn clone digits-mlp-32-1e-3 lr=1e-4",
            )
        if len(split_commas(text)) > 1:
            raise SaturnError(
                "bad-clone", f"A clone has one value of {name!r}.", "Make a clone of each value."
            )
        values[name] = _parse_value(name, text).value
    return values


def given_values(values: Mapping[str, Any]) -> dict[str, Argument]:
    """Values given in Python, checked. Raises SaturnError ``bad-sweep``."""
    return {name: _given_value(name, value).value for name, value in values.items()}


def space_of(sweep: Mapping[str, Sequence[Argument | Value] | Argument | Range] | None) -> Space:
    """A sweep given in Python. Raises SaturnError ``bad-sweep``, ``duplicate-point``."""
    space: Space = {}
    for name, values in (sweep or {}).items():
        if isinstance(values, Range):
            space[name] = values
            continue
        single = isinstance(values, str) or not isinstance(values, Iterable)
        many: list[Any] = [values] if single else list(values)  # type: ignore[arg-type]
        if any(isinstance(value, Range) for value in many):
            raise _range_among(name)
        space[name] = _distinct(name, [_given_value(name, value) for value in many])
    return space


def _parse_value(name: str, text: str) -> Value:
    if not text:
        raise SaturnError("bad-sweep", f"The parameter {name!r} has an empty value.", _EXAMPLE)
    plain = unquoted(text)
    if plain is not None:
        return Value(plain, plain)
    if text in _BOOLS:
        return Value(_BOOLS[text], text)
    if _INT.fullmatch(text):
        return Value(_finite(name, int(text)), text)
    if _FLOAT.fullmatch(text):
        return Value(_finite(name, float(text)), text)
    if text == "None":
        return Value(None, text)
    match bracketed(text):
        case "[":
            inner = [_parse_value(name, part) for part in _items(text)]
            return Value([each.value for each in inner], "_".join(each.text for each in inner))
        case "(" | "{" as bracket:
            kind = "tuple" if bracket == "(" else "dict"
            raise _not_held(name, f"{text}, a {kind}")
    return Value(text, text)


def _items(text: str) -> list[str]:
    """The parts of a list as it is written."""
    inside = text[1:-1].strip()
    return [part.strip() for part in split_commas(inside.removesuffix(","))] if inside else []


def _given_value(name: str, value: Any) -> Value:
    if isinstance(value, Value):
        return value
    if value is None or isinstance(value, (bool, str)):
        return Value(value, str(value))
    if isinstance(value, (int, float)):
        return Value(_finite(name, value), str(value))
    if isinstance(value, list):
        inner = [_given_value(name, each) for each in value]
        return Value([each.value for each in inner], "_".join(each.text for each in inner))
    raise _not_held(name, f"{value!r}, a {type(value).__name__}")


def _not_held(name: str, what: str) -> SaturnError:
    return SaturnError(
        "bad-sweep",
        f"The parameter {name!r} has the value {what}, which a sweep cannot hold.",
        "Values are numbers, True, False, None, texts and lists of them; make other objects inside "
        "the function. If the text is meant, quote it.",
    )


def _distinct(name: str, values: list[Value]) -> list[Value]:
    if not values:
        raise SaturnError("bad-sweep", f"The parameter {name!r} has no values.", _EXAMPLE)
    seen: dict[str, Value] = {}
    for value in values:
        first = seen.setdefault(value.key, value)
        if first is not value:
            written = {first.text: None, value.text: None}
            raise SaturnError(
                "duplicate-point",
                f"The parameter {name!r} has the same value twice: {' and '.join(written)}.",
                "Leave out one: equal points of a sweep would train the same.",
            )
    return values


def _key(value: Argument) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_key, value))}]"
    # On the wire 1 and 1.0 are one number, but True is not 1.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return repr(float(value)) if is_number else repr(value)  # type: ignore[arg-type]


def _finite(name: str, number: int | float) -> int | float:
    if not math.isfinite(number) or (isinstance(number, int) and abs(number) > _EXACT):
        raise SaturnError(
            "bad-sweep",
            f"The parameter {name!r} has a value that is too large.",
            "Numbers must be finite, and integers below 2**53.",
        )
    return number


def check_parameters(function: Callable[..., Any], names: Iterable[str]) -> None:
    """Refuse a sweep that does not fit the function. Raises SaturnError ``bad-parameters``."""
    given = set(names)
    parameters = inspect.signature(function).parameters.values()
    by_name = {
        each.name: each
        for each in parameters
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    }
    signature = f"{function.__name__}({', '.join(str(each) for each in parameters)})"
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
    unknown = [] if takes_any else sorted(given - set(by_name))
    if unknown:
        raise SaturnError(
            "bad-parameters",
            f"The function has no parameter {_listed(unknown)}; it is {signature}.",
            "Sweep over the function's own parameters.",
        )
    missing = [
        name for name, each in by_name.items() if each.default is each.empty and name not in given
    ]
    missing += [each.name for each in parameters if each.kind is each.POSITIONAL_ONLY]
    if missing:
        raise SaturnError(
            "bad-parameters",
            f"The sweep gives no value for {_listed(missing)} of {signature}.",
            f"Add it to the sweep, e.g. --sweep {missing[0]}=..., or give the parameter a default.",
        )


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)

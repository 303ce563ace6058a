"""`model=mlp,cnn lr=1e-3,3e-3`: read a grid, and make one task of each of its points."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import SaturnError
from .capture import Captured
from .line_splitting import bracketed, split_commas, unquoted

if TYPE_CHECKING:
    from ..generated.wire_types import Criterion, TaskSpec

#: What the engine can hold, and the function gets.
Argument = str | int | float | bool | None | list["Argument"]
#: Parameter name to its values.
Grid = dict[str, list["Value"]]

_EXAMPLE = "Write parameters and values like: --sweep model=mlp,cnn lr=1e-3,3e-3"
_INT = re.compile(r"[+-]?\d+(_\d+)*")
_FLOAT = re.compile(r"[+-]?(\d+(_\d+)*\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BOOLS = {"True": True, "true": True, "False": False, "false": False}
_EXACT = 2**53  # larger integers are not exact in the engine's numbers
_NAME_LENGTH = 100


@dataclass(frozen=True)
class Value:
    """A value of a parameter, and its text as the user typed it, for names."""

    value: Argument
    text: str

    @property
    def key(self) -> str:
        """Equal for equal values, however they are written: 0.1, 1e-1 and 0.10."""
        return _key(self.value)


def parse_sweep(words: Iterable[str]) -> Grid:
    """Read `name=value,value` words.

    Values are numbers, True, False, None, texts and lists of them. A list alone is the list of
    the parameter's values, as in Python; among others, or in another list, it is a value.

    Raises
    ------
    SaturnError
        ``bad-sweep`` naming the bad part, ``duplicate-point``.
    """
    grid: Grid = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.isidentifier():
            raise SaturnError("bad-sweep", f"{word!r} is no parameter with values.", _EXAMPLE)
        if name in grid:
            raise SaturnError("bad-sweep", f"The parameter {name!r} is there twice.", _EXAMPLE)
        parts = split_commas(text)
        if len(parts) == 1 and bracketed(parts[0]) == "[":
            parts = _items(parts[0])
        grid[name] = _distinct(name, [_parse_value(name, part.strip()) for part in parts])
    if not grid:
        raise SaturnError("bad-sweep", "The sweep names no parameter.", _EXAMPLE)
    return grid


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


def grid_of(sweep: Mapping[str, Sequence[Argument | Value] | Argument] | None) -> Grid:
    """A sweep given in Python as a grid. Raises SaturnError ``bad-sweep``, ``duplicate-point``."""
    grid: Grid = {}
    for name, values in (sweep or {}).items():
        single = isinstance(values, str) or not isinstance(values, Iterable)
        many: list[Any] = [values] if single else list(values)  # type: ignore[arg-type]
        grid[name] = _distinct(name, [_given_value(name, value) for value in many])
    return grid


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


def expand(
    function: str,
    grid: Grid,
    captured: Captured,
    *,
    epochs: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    native: bool = False,
    origin: str | None = None,
    best: Criterion | None = None,
) -> list[TaskSpec]:
    """A ``TaskSpec`` for each point of the grid, in the order of the sweep.

    Raises
    ------
    SaturnError
        ``duplicate-task`` when two points get the same name.
    """
    specs: dict[str, TaskSpec] = {}
    for point in itertools.product(*grid.values()):
        name = _task_name(function, point)
        if name in specs:
            raise SaturnError(
                "duplicate-task",
                f"Two tasks of the sweep would be called {name!r}.",
                "Leave out values that differ only in special characters.",
            )
        params = {key: value.value for key, value in zip(grid, point, strict=True)}
        identity = (params, epochs, steps, seed, *(["native"] * native))
        digest = _digest(captured.fingerprint, *identity)
        trains = _digest(captured.training, *identity)
        spec = specs[name] = {
            "name": name,
            "sweep": function,
            "params": params,
            "seed": seed,
            "payload": captured.file,
            "hash": digest,
        }
        if trains != digest:
            spec["trainingHash"] = trains
        if best is not None:
            spec["best"] = best
        if captured.world is not None:
            spec["world"] = captured.world
        if epochs is not None:
            spec["epochs"] = epochs
        if steps is not None:
            spec["steps"] = steps
        if native:
            spec["native"] = True
        if origin:
            spec["origin"] = origin
    if captured.source:
        next(iter(specs.values()))["source"] = captured.source
    return list(specs.values())


def _digest(*identity: Any) -> str:
    return hashlib.sha256(repr(identity).encode()).hexdigest()[:32]


def _task_name(function: str, point: Sequence[Value]) -> str:
    name = "-".join([function.lstrip("_") or "task", *(value.text for value in point)])
    name = re.sub(r"[^A-Za-z0-9._+=-]", "_", name)
    if not name[0].isalnum():
        name = f"task-{name}"
    if len(name) <= _NAME_LENGTH:
        return name
    return f"{name[: _NAME_LENGTH - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

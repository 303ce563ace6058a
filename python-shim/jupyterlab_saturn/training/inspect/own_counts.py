"""Numbers that code counts on from call to call, in places that no checkpoint holds."""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import torch

from ..runtime.failure import is_out_of_memory
from .deadline import TimeUp

_MOST_OBJECTS, _MOST_ITEMS = 2000, 64
_CONFIRMED = 2  # more calls that must count on, of the same samples
_MULTIPLE = 18_018_000  # of all numbers to 16, and of 100 and 1000
_LATER = (
    *(1_000_000, 1000, _MULTIPLE - 1, _MULTIPLE, 100, 10_000, 100_000),
    *(digit * 10**zeros for zeros in range(7) for digit in (2, 3, 5)),
    *(1, 10),
)
"""What a count may have come to when something else begins to happen, the most telling first."""
_SECONDS = 5.0
"""No more is tried after that."""


@dataclass(frozen=True)
class _Place:
    """Where a number is kept, and what to call it."""

    holder: Any
    key: Any
    name: str

    def get(self) -> Any:
        found = self.holder[self.key]
        return found.clone() if isinstance(found, torch.Tensor) else found

    def put(self, value: Any) -> None:
        self.holder[self.key] = value


class _Cell:
    """A variable of a function's closure, as a holder of it."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __getitem__(self, _: Any) -> Any:
        return self._cell.cell_contents

    def __setitem__(self, _: Any, value: Any) -> None:
        self._cell.cell_contents = value


class OwnCounts:
    """Finds what some code counts by itself, in attributes, closures and globals of its own.

    A sum that grows with each call is as little in a checkpoint as a hidden state. It need not show
    at once, as a hidden state does: what begins after so many calls begins too late where the count
    began anew, and too early where a device makes several calls in a step.

    Parameters
    ----------
    roots
        Modules, functions and other objects, by what messages call them.
    but
        Objects that are not looked into: what they hold is in checkpoints.
    """

    def __init__(self, roots: Mapping[str, Any], but: Sequence[Any] = ()) -> None:
        self._roots = roots
        self._but = but
        self._known = self._numbers()

    @property
    def have_changed(self) -> bool:
        """Whether numbers are others than when this was made."""
        return any(self._differs(key, value) for key, (_, value) in self._numbers().items())

    def mattering(self, call: Callable[[], Any], differs: Callable[[Any, Any], bool]) -> str | None:
        """What is counted and changes what a call comes to, now or later; None of nothing.

        To be asked after some calls were made since this was. Everything is left as found.

        Parameters
        ----------
        call
            Always with the same samples and the same state but what is counted.
        differs
            Whether two results of it do.

        Raises
        ------
        TimeUp
            Under a `deadline`.
        """
        counted = self._counted(call)
        if not counted:
            return None
        before = [(place, place.get()) for place in counted]
        try:
            end = time.monotonic() + _SECONDS
            now = call()
            for number in _LATER:
                if time.monotonic() > end:
                    break
                for place, value in before:
                    place.put(_later(value, number))
                try:
                    later = call()
                except ArithmeticError:  # such as of a ratio: they are never all the same
                    continue
                if differs(now, later):
                    return _listed([place.name for place in counted])
        except Exception as error:  # such as of an index out of range
            if isinstance(error, TimeUp) or is_out_of_memory(error):
                raise
            return _listed([place.name for place in counted])
        finally:
            for place, value in before:
                place.put(value)
        return None

    def _counted(self, call: Callable[[], Any]) -> list[_Place]:
        """Places of numbers that each call makes others."""
        found = self._numbers()
        counted = {key for key, (_, value) in found.items() if self._differs(key, value)}
        for _ in range(_CONFIRMED):
            if not counted:
                break
            call()
            again = self._numbers()
            counted = {key for key in counted & again.keys() if again[key][1] != found[key][1]}
            found = again
        return [found[key][0] for key in counted]

    def _differs(self, key: Any, value: Any) -> bool:
        return key not in self._known or self._known[key][1] != value

    def _numbers(self) -> dict[Any, tuple[_Place, Any]]:
        """All numbers that can be reached, by where they are."""
        return {
            (0 if isinstance(place.holder, _Cell) else id(place.holder), place.key): (
                place,
                _as_number(place.holder[place.key]),
            )
            for place in _places(self._roots, self._but)
        }


def _places(roots: Mapping[str, Any], but: Sequence[Any]) -> Iterator[_Place]:
    waiting = deque((root, name) for name, root in roots.items())
    seen = {id(each) for each in but}
    while waiting and len(seen) < _MOST_OBJECTS:
        thing, name = waiting.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        for holder, key, called in _held_by(thing, name):
            value = holder[key]
            if _as_number(value) is not None:
                if not isinstance(holder, tuple):
                    yield _Place(holder, key, called)
            elif not isinstance(value, torch.Tensor | str | bytes | ModuleType | type | CodeType):
                waiting.append((value, called))


def _held_by(thing: Any, name: str) -> Iterator[tuple[Any, Any, str]]:
    """What an object holds: in what, under which key, and what to call it."""
    if isinstance(thing, FunctionType):
        yield from _of_function(thing, name)
        return
    if isinstance(thing, MethodType | functools.partial):
        parts: tuple[Any, ...] = (
            (thing.__self__, thing.__func__)
            if isinstance(thing, MethodType)
            else (thing.func, *thing.args, *thing.keywords.values())
        )
        yield from ((parts, index, name) for index in range(len(parts)))
        return
    if isinstance(thing, dict):
        if len(thing) <= _MOST_ITEMS:
            yield from ((thing, key, _called(name, f"[{key!r}]")) for key in list(thing))
        return
    if isinstance(thing, MutableSequence):
        if len(thing) <= _MOST_ITEMS:
            yield from ((thing, index, _called(name, f"[{index}]")) for index in range(len(thing)))
        return
    if isinstance(thing, Sequence):
        return
    own: Any = getattr(thing, "__dict__", None)
    if isinstance(own, dict):
        hidden = _OF_MODULES if isinstance(thing, torch.nn.Module) else frozenset()
        yield from ((own, key, _called(name, key)) for key in list(own) if key not in hidden)
        if hidden:
            modules = own["_modules"]
            yield from ((modules, key, _called(name, key)) for key in list(modules))


def _called(name: str, key: str) -> str:
    """A part of something, such as ``the model's net.calls``."""
    if key.startswith("["):
        return f"{name}{key}"
    return f"{name}.{key}" if "'s " in name or " " not in name else f"{name}'s {key}"


def _of_function(function: FunctionType, name: str) -> Iterator[tuple[Any, Any, str]]:
    code = function.__code__
    for variable, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            cell.cell_contents  # noqa: B018
        except ValueError:  # not assigned yet
            continue
        yield _Cell(cell), (id(cell), variable), variable
    if getattr(function, "__module__", None) == "__main__":  # of libraries these are too many
        for variable in _names(code):
            if variable in function.__globals__:
                yield function.__globals__, variable, variable


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)


_OF_MODULES = frozenset(vars(torch.nn.Module())) | {"_parameters", "_buffers", "_modules"}
"""Attributes of each module, which are in checkpoints or no business of the user's."""


def _as_number(value: Any) -> float | int | bool | None:
    """None of NaN as well, which stands for none and is never equal to itself."""
    number = value
    if isinstance(value, torch.Tensor):
        plain = value.numel() == 1 and not (value.requires_grad or value.is_complex())
        number = value.item() if plain and value.device.type == "cpu" else None
    if type(number) not in (int, float, bool) or number != number:
        return None
    return number  # type: ignore[no-any-return]


def _later(value: Any, number: int) -> Any:
    if isinstance(value, torch.Tensor):
        return torch.full_like(value, number)
    return not value if isinstance(value, bool) else type(value)(number)


def _listed(names: Sequence[str]) -> str:
    some = sorted(dict.fromkeys(names))
    return ", ".join(some[:3])

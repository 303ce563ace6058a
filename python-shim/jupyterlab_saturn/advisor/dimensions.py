"""Values of a sweep's parameters, and what Optuna has in their place."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

if TYPE_CHECKING:
    from ..generated.wire_types import Choices, Range

_DIGITS = 12
_DIGITS_THAT_MATTER = 6  # of what a range spans
_TOLERANCE = 1e-9


class Dimension(Protocol):
    """A parameter of a sweep, as Optuna draws it."""

    @property
    def drawn(self) -> BaseDistribution:
        """What is drawn in its place."""

    def value(self, drawn: Any) -> Any:
        """The parameter's value for what was drawn."""

    def place(self, value: Any) -> Any:
        """What stands for a value; None when it is none of this parameter's."""


class _Category:
    """Any of some values. Their places are drawn: Optuna has no lists, and takes True for 1."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._texts = [json.dumps(value) for value in values]
        self.drawn = CategoricalDistribution(range(len(values)))

    def value(self, drawn: Any) -> Any:
        return self._values[drawn]

    def place(self, value: Any) -> Any:
        text = json.dumps(value)
        return self._texts.index(text) if text in self._texts else None


class _Continuous:
    """Any number of a range, with as many digits as matter."""

    def __init__(self, low: float, high: float, *, log: bool) -> None:
        self.drawn = FloatDistribution(low, high, log=log)
        near = 0 if log or low == high else math.log10(max(abs(low), abs(high)) / (high - low))
        self._digits = _DIGITS_THAT_MATTER + math.ceil(near)

    def value(self, drawn: Any) -> Any:
        readable = float(f"{drawn:.{self._digits}g}")
        return min(self.drawn.high, max(self.drawn.low, readable))

    def place(self, value: Any) -> Any:
        if not _is_number(value) or not self.drawn.low <= value <= self.drawn.high:
            return None
        return float(value)


class _Stepped:
    """Numbers from `low` on in steps. By logarithm, any number is drawn, and the nearest taken."""

    def __init__(self, low: float, high: float, stride: float, *, log: bool) -> None:
        self._low = low
        self._stride = stride
        self._last = math.floor((high - low) / stride + _TOLERANCE)
        self._is_whole = low == int(low) and stride == int(stride)
        self._log = log
        self.drawn: BaseDistribution = (
            FloatDistribution(low, self._nth(self._last), log=True)
            if log
            else IntDistribution(0, self._last)
        )

    def value(self, drawn: Any) -> Any:
        return self._nth(self._nearest(drawn) if self._log else drawn)

    def place(self, value: Any) -> Any:
        if not _is_number(value):
            return None
        nearest = self._nearest(value)
        exact = self._nth(nearest)
        if abs(value - exact) > _TOLERANCE * max(abs(value), self._stride):
            return None
        return float(exact) if self._log else nearest

    def _nearest(self, value: float) -> int:
        return min(self._last, max(0, round((value - self._low) / self._stride)))

    def _nth(self, number: int) -> float:
        value = self._low + number * self._stride
        return int(value) if self._is_whole else float(f"{value:.{_DIGITS}g}")


def dimension(told: Choices | Range) -> Dimension:
    """A parameter as the wire tells it.

    Raises
    ------
    ValueError
        There are no numbers in its range, or no logarithms of them.
    """
    if "values" in told:
        return _Category(cast("Choices", told)["values"])
    low, high, log = told["low"], told["high"], told["scale"] == "log"
    if low > high or (log and low <= 0):
        raise ValueError(f"there are no numbers from {low:g} to {high:g} by {told['scale']} scale")
    stride = told.get("stride", 1 if told.get("whole") else None)
    if stride is None:
        return _Continuous(low, high, log=log)
    return _Stepped(low, high, stride, log=log)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

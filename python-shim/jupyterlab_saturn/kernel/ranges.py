"""`lr=1e-5..1e-1`: a parameter of a sweep that may be any number between two."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..generated.wire_types import Range as WireRange

#: Over more than this factor a range goes by logarithm, where nothing else is said.
LOG_FACTOR = 100.0

_NUMBER = r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
# A third dot is neither of `..` nor of a number.
_RANGE = re.compile(rf"(?:(log|lin):)?({_NUMBER})\.\.(?!\.)({_NUMBER})(?::({_NUMBER}))?")
#: What begins like a range is meant as one.
_LIKE_RANGE = re.compile(rf"(log|lin):|(\w+:)?({_NUMBER}|[+-]?(nan|inf))\.\.", re.IGNORECASE)
_EXAMPLE = "Write e.g. lr=1e-5..1e-1, lr=log:1e-5..1e-1, layers=2..8 or layers=2..8:2"


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Attributes
    ----------
    low, high
        Its ends; whole numbers only are meant when both are whole (``int``), and the stride is.
    log
        Whether each power of ten has an equal share, not each number; when None, as it is over
        more than a factor of 100.
    stride
        Only numbers in steps of this from `low` on; any when None.
    """

    low: int | float
    high: int | float
    log: bool | None = None
    stride: int | float | None = None

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers only."""
        numbers = (self.low, self.high, *(() if self.stride is None else (self.stride,)))
        return all(isinstance(number, int) for number in numbers)

    @property
    def by_logarithm(self) -> bool:
        """Whether it goes by logarithm: as it says or, without a stride, over a large factor."""
        if self.log is not None:
            return self.log
        return self.stride is None and self.low > 0 and self.high / self.low > LOG_FACTOR

    def as_dimension(self) -> WireRange:
        """The range as the engine reads it."""
        dimension: WireRange = {
            "low": self.low,
            "high": self.high,
            "scale": "log" if self.by_logarithm else "linear",
        }
        if self.whole:
            dimension["whole"] = True
        if self.stride is not None:
            dimension["stride"] = self.stride
        return dimension


def between(
    low: int | float,
    high: int | float,
    *,
    log: bool | None = None,
    stride: int | float | None = None,
) -> Range:
    """Any number from `low` to `high`, as a value of a parameter in a sweep.

    >>> from jupyterlab_saturn import between, session
    >>> space = {"lr": between(1e-5, 1e-1), "layers": between(2, 8, stride=2)}
    >>> session().add(net, space, points=30, by="accuracy")  # doctest: +SKIP

    Parameters
    ----------
    low, high
        Its ends, which belong to it. Whole numbers only are meant when both are ``int``.
    log
        By logarithm: as many points between 0.001 and 0.01 as between 0.01 and 0.1. Without it,
        so it is over more than a factor of 100.
    stride
        Only numbers in steps of this from `low` on.

    Raises
    ------
    SaturnError
        ``bad-sweep`` when these are no finite numbers, or the stride is not above 0.
    """
    given = {"low": low, "high": high, **({} if stride is None else {"stride": stride})}
    for name, number in given.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise _bad(f"A range cannot have {number!r} as its {name}, which is no number.")
        if not math.isfinite(number) or abs(number) > 2**53:
            raise _bad(f"A range cannot have {number!r} as its {name}: numbers must be finite.")
    if stride is not None and stride <= 0:
        raise _bad(f"A range cannot have the stride {stride!r}, which is not above 0.")
    if log is not None and not isinstance(log, bool):
        raise _bad(f"A range goes by logarithm or not: log is True or False, not {log!r}.")
    return Range(low, high, log, stride)


def parse_range(name: str, text: str) -> Range | None:
    """Read ``1e-5..1e-1``, ``log:1e-5..1e-1`` or ``2..8:2``; None for what is no range.

    Raises SaturnError ``bad-sweep`` for what begins like one.
    """
    found = _RANGE.fullmatch(text)
    if found is None:
        if _LIKE_RANGE.match(text):
            raise SaturnError(
                "bad-sweep",
                f"{name}={text} is no range.",
                f"{_EXAMPLE}; if the text is meant, quote it.",
            )
        return None
    scale, low, high, stride = found.groups()
    return between(
        _number(low),
        _number(high),
        log=None if scale is None else scale == "log",
        stride=None if stride is None else _number(stride),
    )


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"[+-]?[\d_]+", text) else float(text)


def _bad(message: str) -> SaturnError:
    return SaturnError("bad-sweep", message, _EXAMPLE)

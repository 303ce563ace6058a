"""What the code of a ``training_step`` shows of what it does, without running it."""

from __future__ import annotations

import dis
import inspect
import itertools
from collections.abc import Iterator
from types import CodeType
from typing import Any


class TrainingStepCode:
    """Of the ``training_step`` of a LightningModule.

    Attributes
    ----------
    is_known
        Whether there is any to be looked at: there is none of what is no function.
    texts
        All texts in it, among them the names of what it logs.
    """

    def __init__(self, module: Any) -> None:
        self._step = inspect.unwrap(type(module).training_step)
        code = getattr(self._step, "__code__", None)
        self.is_known = code is not None
        self.texts = frozenset(() if code is None else _texts(code))

    def reads_index(self) -> bool:
        """Whether it does anything with the number of the batch."""
        names = list(inspect.signature(self._step).parameters)[2:]
        return any(
            instruction.opname.startswith("LOAD") and instruction.argval in names
            for instruction in dis.get_instructions(self._step)
        )

    def may_return_nothing(self) -> bool:
        """Whether it says somewhere to return None, as to pass over a batch."""
        pairs = itertools.pairwise(dis.get_instructions(self._step))
        return any(_returns_none(*pair) for pair in pairs)


def _returns_none(before: dis.Instruction, last: dis.Instruction) -> bool:
    """Whether two instructions are a ``return`` of nothing that somebody wrote.

    There is one more where a ``with`` may have kept an error from being raised, which is of all
    that it is written with.
    """
    if last.opname == "RETURN_CONST":
        return last.argval is None and _letters(last) in _NOTHING
    loads = last.opname == "RETURN_VALUE" and before.opname == "LOAD_CONST"
    return loads and before.argval is None and _letters(before) in _NOTHING


def _letters(instruction: dis.Instruction) -> int:
    """Of what it was made of; 0 where that is not known."""
    at = instruction.positions
    if at is None or at.end_col_offset is None or at.col_offset is None:
        return 0
    return at.end_col_offset - at.col_offset if at.lineno == at.end_lineno else 0


_NOTHING = (len("None"), len("return"), len("return None"))


def _texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _texts(constant)

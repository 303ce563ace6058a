"""What an adapter is: from what people have already to a Task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ...task import Task


class NeedsNative(Exception):
    """What a factory made trains as it was written only if it runs its own loop.

    Attributes
    ----------
    reason
        What of it the one training loop cannot honour: a part of a sentence, that goes on after
        ``because``.
    made
        What is to run by itself.
    """

    def __init__(self, reason: str, made: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.made = made


class Adapter(ABC):
    """Makes Tasks of objects of a kind, such as those of another library.

    Its module must not import that library: it is loaded, and its adapters are asked, for
    whatever a factory makes. `is_a` tells an object's kind without it.
    """

    @abstractmethod
    def claims(self, made: Any) -> bool:
        """Whether what a factory made is for this adapter. Quick, and changes nothing."""

    @abstractmethod
    def adapt(self, made: Any) -> Task:
        """The Task that an object stands for which this adapter claims.

        Raises
        ------
        NeedsNative
            When it asks for something that is not known to be right here, but has a loop of its
            own.
        SaturnError
            ``unsupported`` when it asks for something that cannot be honoured, ``bad-task``
            when parts are missing or do not fit.
        """


def is_a(thing: Any, *names: str) -> bool:
    """Whether a thing is of a class, or of one derived from it, told by its full name.

    If the class was never imported, the thing is not of it.
    """
    return any(f"{kind.__module__}.{kind.__qualname__}" in names for kind in type(thing).__mro__)

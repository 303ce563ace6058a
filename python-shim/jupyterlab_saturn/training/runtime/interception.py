"""Standing before methods of libraries, which are loaded only where the user's code loads them."""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Interception:
    """A method, of objects or of the class, that is called through something else.

    Attributes
    ----------
    module, owner, method
        Where it is.
    around
        Called with the method, the object or class, and the arguments in place of the method.
    """

    module: str
    owner: str
    method: str
    around: Callable[..., Any]

    def begin(self, module: ModuleType) -> Callable[[], None]:
        """Stand before the method of a module that is loaded. Returns what ends it."""
        owner = getattr(module, self.owner)
        member = inspect.getattr_static(owner, self.method)
        of_class = isinstance(member, classmethod)
        method, around = member.__func__ if of_class else member, self.around

        @functools.wraps(method)
        def intercepted(this: Any, *args: Any, **kwargs: Any) -> Any:
            return around(functools.partial(method, this), this, *args, **kwargs)

        setattr(owner, self.method, classmethod(intercepted) if of_class else intercepted)
        return lambda: setattr(owner, self.method, member)


@contextmanager
def intercepting(interceptions: Sequence[Interception]) -> Iterator[None]:
    """Stand before methods, also of modules that are loaded meanwhile."""
    waiting = _ModulesToCome(interceptions)
    sys.meta_path.insert(0, waiting)
    try:
        for each in interceptions:
            if each.module in sys.modules:
                waiting.begin(each, sys.modules[each.module])
        yield
    finally:
        sys.meta_path.remove(waiting)
        for end in reversed(waiting.ends):
            end()


class _ModulesToCome(importlib.abc.MetaPathFinder):
    """Finds no module itself, but stands before methods of those that others find."""

    def __init__(self, interceptions: Sequence[Interception]) -> None:
        self.ends: list[Callable[[], None]] = []
        self._interceptions = interceptions
        self._looking = False

    def begin(self, interception: Interception, module: ModuleType) -> None:
        self.ends.append(interception.begin(module))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mine = [each for each in self._interceptions if each.module == fullname]
        if not mine or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is None or spec.loader is None:
            return None
        loader = spec.loader
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            for each in mine:
                self.begin(each, module)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

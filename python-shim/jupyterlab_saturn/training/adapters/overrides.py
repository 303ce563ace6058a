"""What of an object is not its library's: methods that somebody else wrote or replaced."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Collection
from typing import Any


def own_methods(thing: Any, base: type, libraries: Collection[str]) -> list[str]:
    """The methods that a library's `base` has and that do not come from it in `thing`.

    Whether a class derived from it overrides them, somebody replaced them in the library's class,
    or they were set on the object itself.

    Parameters
    ----------
    libraries
        Modules, or packages of them, whose methods are known.
    """
    own = []
    for name in dir(base):
        # Constructors have done what they do.
        known = inspect.getattr_static(base, name)
        if hasattr(object, name) or name == "__class_getitem__" or not _is_code(known):
            continue
        found = vars(thing).get(name, inspect.getattr_static(type(thing), name))
        if not _comes_from(found, libraries):
            own.append(name)
    return own


def comes_from(thing: Any, libraries: Collection[str]) -> bool:
    """Whether a class or function is defined in one of these modules, or in a package of them."""
    module = getattr(thing, "__module__", None) or ""
    return any(module == each or module.startswith(f"{each}.") for each in libraries)


def _is_code(member: Any) -> bool:
    return callable(_function(member)) and not isinstance(member, type)


def _comes_from(member: Any, libraries: Collection[str]) -> bool:
    function = _function(member)
    if not hasattr(function, "__code__"):  # of C, such as those of object
        return inspect.isroutine(function) or comes_from(function, libraries)
    return comes_from(function, libraries)


def _function(member: Any) -> Any:
    if isinstance(member, property):
        return member.fget
    if isinstance(member, classmethod | staticmethod):
        member = member.__func__
    if isinstance(member, functools.partial):
        member = member.func
    return getattr(member, "__func__", member)

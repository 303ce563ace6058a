"""What the notebook has put into installed libraries: tasks load those as they are on disk."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from types import FunctionType, ModuleType
from typing import Any

from ..errors import SaturnError


def refuse_patches(packages: Collection[str]) -> None:
    """Refuse code that takes packages the notebook has changed functions or classes of.

    Parameters
    ----------
    packages
        Names of those the code takes. PyTorch's inner life is looked at with any of them.

    Raises
    ------
    SaturnError
        ``patched-library`` naming what was changed.
    """
    found = sorted(set(_patches({*packages, "torch"} if packages else set())))
    if not found:
        return
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    raise SaturnError(
        "patched-library",
        f"The notebook has replaced {', '.join(found[:3])}{more}, but tasks run in processes of "
        "their own, which load the library as it is on disk.",
        "Make the change inside the function, before it builds anything; or pass your own function "
        "or class where the library takes one.",
    )


def _patches(packages: Collection[str]) -> Iterator[str]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in packages or type(module) is not ModuleType:
            continue
        for attribute, value in list(vars(module).items()):
            if _is_of_notebook(value):
                yield f"{name}.{attribute}"
            elif issubclass(type(value), type) and value.__module__ == name:
                yield from _patches_of_class(value)


def _patches_of_class(kind: type) -> Iterator[str]:
    for attribute, value in list(vars(kind).items()):
        if isinstance(value, staticmethod | classmethod):
            value = value.__func__
        elif isinstance(value, property):
            value = value.fget
        if _is_of_notebook(value):
            yield f"{kind.__module__}.{kind.__qualname__}.{attribute}"


def _is_of_notebook(value: Any) -> bool:
    """Whether a function or class was made in the notebook; `functools.wraps` hides it not."""
    # Not isinstance: some libraries have values that answer to it with a warning.
    if type(value) is FunctionType:
        return value.__globals__.get("__name__") == "__main__"
    return issubclass(type(value), type) and value.__module__ == "__main__"

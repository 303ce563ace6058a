"""How what was saved of objects is written into those that there are after a pause."""

from __future__ import annotations

from collections import deque
from typing import Any

import torch

# Whose objects are made anew by the function, or gone on with by the library itself.
_MADE_ANEW = (
    *("accelerate", "datasets", "lightning", "peft", "pytorch_lightning", "tokenizers"),
    *("torch.distributed", "torch.optim", "torch.utils.data", "transformers", "trl"),
)

PLAIN = (int, float, bool, str, bytes, type(None), tuple, list, dict, set, frozenset)


class Missing(Exception):
    """What a library was to make anew is not there."""


class _AsItIs:
    """In the place of what stays as it was made anew."""


AS_IT_IS = _AsItIs()


def is_made_anew(thing: Any) -> bool:
    """Whether an object is a library's, which makes it again with the function."""
    kind = type(thing)
    if isinstance(thing, type) or kind in PLAIN or isinstance(thing, torch.Tensor):
        return False
    if isinstance(thing, torch.nn.Module):
        return False  # whoever wrote it: its weights may have changed
    module = kind.__module__
    return any(module == each or module.startswith(f"{each}.") for each in _MADE_ANEW)


def merged(old: Any, new: Any, seen: dict[int, Any]) -> Any:
    """What was saved, written into what is there, which others may hold as well.

    Raises
    ------
    Missing
        When that had an object of a library where there is none now.
    """
    if old is new:
        return old
    if new is AS_IT_IS:
        if not is_made_anew(old):
            raise Missing
        return old
    if id(new) in seen:
        return seen[id(new)]
    if type(old) is not type(new):
        return _whole(new, set())
    seen[id(new)] = old
    if isinstance(new, torch.Tensor):
        if old.shape != new.shape or old.dtype != new.dtype:
            return new
        with torch.no_grad():
            old.data.copy_(new)
        return old
    if isinstance(new, torch.Generator):
        return old.set_state(new.get_state())
    if isinstance(new, dict):
        items = {key: merged(old.get(key), value, seen) for key, value in new.items()}
        old.clear()
        old.update(items)
    elif isinstance(new, list | deque):
        before = [*old, *(None for _ in range(len(new) - len(old)))]
        parts = [merged(one, other, seen) for one, other in zip(before, new, strict=False)]
        old.clear()
        old.extend(parts)
    elif not _is_plain_object(new):
        return _whole(new, set())
    if hasattr(old, "__dict__"):
        held = vars(old)
        parts_of = {name: merged(held.get(name), v, seen) for name, v in vars(new).items()}
        held.clear()
        held.update(parts_of)
    return old


def _whole(new: Any, seen: set[int]) -> Any:
    """What has nothing left out that was to be there."""
    if new is AS_IT_IS:
        raise Missing
    if id(new) not in seen and not isinstance(new, torch.Tensor):
        seen.add(id(new))
        parts = [*new, *new.values()] if isinstance(new, dict) else []
        if isinstance(new, list | tuple | set | frozenset | deque):
            parts = [*new]
        for part in (*parts, *getattr(new, "__dict__", {}).values()):
            _whole(part, seen)
    return new


def _is_plain_object(thing: Any) -> bool:
    """Whether all there is of it is in its attributes."""
    kind: Any = type(thing)
    usual = all(
        getattr(kind, name, None) is getattr(object, name, None)
        for name in ("__reduce__", "__reduce_ex__", "__getstate__")
    )
    slots = any(getattr(each, "__slots__", ()) for each in kind.__mro__)
    return usual and not slots and hasattr(thing, "__dict__")

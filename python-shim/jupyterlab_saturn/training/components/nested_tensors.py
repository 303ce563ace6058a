"""Batches of any nesting: moved to a device, described by their shapes."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence, Set
from typing import Any

import torch

from ...errors import SaturnError

_PLAIN = (str, bytes, int, float, complex, bool, type(None))


def move(value: Any, device: torch.device) -> Any:
    """A batch with all its tensors on a device; containers are copied and keep their type.

    Raises
    ------
    SaturnError
        ``bad-batch`` for an object with tensors elsewhere that cannot be put into a copy of it.
    """
    if isinstance(value, torch.Tensor):
        return value if value.device == device else value.to(device, non_blocking=True)
    if isinstance(value, _PLAIN):
        return value
    if callable(getattr(value, "to", None)):  # such as tokenizers make, or packed sequences
        return value.to(device)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(move(part, device) for part in value))
    if type(value) in (list, tuple):
        return type(value)(move(part, device) for part in value)
    if isinstance(value, MutableMapping):
        return _with_entries(value, {key: move(part, device) for key, part in value.items()})
    if isinstance(value, Mapping):
        return {key: move(part, device) for key, part in value.items()}
    if isinstance(value, MutableSequence):
        return _with_entries(value, {n: move(part, device) for n, part in enumerate(value)})
    names = _field_names(value)
    if names:
        return _with_fields(value, {name: move(getattr(value, name), device) for name in names})
    _require_there(value, device)
    return value


def _with_entries(value: Any, entries: Mapping[Any, Any]) -> Any:
    """A copy of a container with other entries, whatever its own ``__init__`` wants."""
    made = copy.copy(value)
    for key, part in entries.items():
        made[key] = part
    return made


def _with_fields(value: Any, parts: Mapping[str, Any]) -> Any:
    made = copy.copy(value)
    for name, part in parts.items():
        object.__setattr__(made, name, part)  # also where it is frozen
    return made


def _field_names(value: Any) -> list[str]:
    """Of a dataclass, or a class made by attrs."""
    names = [field.name for field in getattr(type(value), "__attrs_attrs__", ())]
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
    return [name for name in names if hasattr(value, name)]


def _require_there(value: Any, device: torch.device) -> None:
    held = list(vars(value).values()) if hasattr(value, "__dict__") else []
    held += [getattr(value, name, None) for name in getattr(type(value), "__slots__", ())]
    if isinstance(value, Set):
        held.extend(value)
    if any(isinstance(part, torch.Tensor) and part.device.type != device.type for part in held):
        raise SaturnError(
            "bad-batch",
            f"The batch holds a {type(value).__qualname__}, whose tensors cannot be moved to "
            f"{device.type}.",
            "Make it a dataclass, or give it a method to(device) that returns it moved.",
        )


def narrow_batch(batch: Any, start: int, stop: int, count: int) -> Any:
    """The part of a batch of `count` samples from one on, up to another.

    Raises
    ------
    SaturnError
        ``whole-batch`` when something of the batch is not by sample.
    """
    if isinstance(batch, list | tuple) and len(batch) == 2:  # inputs and targets, not two samples
        parts = [narrow(part, start, stop, count) for part in batch]
        made: Any = type(batch)
        return made(*parts) if hasattr(batch, "_fields") else made(parts)
    return narrow(batch, start, stop, count)


def narrow(value: Any, start: int, stop: int, count: int) -> Any:
    """As `narrow_batch`, for a part of a batch."""
    if isinstance(value, torch.Tensor):
        if value.dim() == 0 or value.shape[0] != count:
            raise _indivisible(f"a tensor of shape {tuple(value.shape)}", count)
        return value[start:stop]
    if isinstance(value, Mapping):
        return {key: narrow(part, start, stop, count) for key, part in value.items()}
    if isinstance(value, list | tuple):
        if _is_by_sample(value, count):
            return value[start:stop]
        parts = [narrow(part, start, stop, count) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    raise _indivisible(f"a {type(value).__name__}", count)


def concatenate(values: Sequence[Any]) -> Any:
    """The same part of several batches, end to end.

    Tensors of unlike length in their second dimension are filled up with -100, as the
    ``Trainer`` of transformers does it; what is no tensor becomes a list.
    """
    first = values[0]
    if isinstance(first, torch.Tensor):
        if first.dim() == 0:
            return torch.stack(list(values))
        if first.dim() > 1 and len({value.shape[1] for value in values}) > 1:
            longest = max(value.shape[1] for value in values)
            values = [_filled(value, longest) for value in values]
        return torch.cat(list(values))
    if isinstance(first, Mapping):
        return {key: concatenate([value[key] for value in values]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(concatenate(parts) for parts in zip(*values, strict=True)))
    if isinstance(first, tuple):
        return tuple(concatenate(parts) for parts in zip(*values, strict=True))
    if isinstance(first, list):
        if first and all(isinstance(part, torch.Tensor) for part in first):
            return [concatenate(parts) for parts in zip(*values, strict=True)]
        return [part for value in values for part in value]
    return list(values)


def _filled(tensor: torch.Tensor, length: int) -> torch.Tensor:
    wide = tensor.new_full((tensor.shape[0], length, *tensor.shape[2:]), -100)
    wide[:, : tensor.shape[1]] = tensor
    return wide


def _is_by_sample(value: Sequence[Any], count: int) -> bool:
    """Whether a list has something for each sample, instead of the parts of a batch."""
    return len(value) == count and not any(
        isinstance(part, torch.Tensor) and part.dim() > 0 and part.shape[0] == count
        for part in value
    )


def _indivisible(what: str, count: int) -> SaturnError:
    return SaturnError(
        "whole-batch",
        f"The batch of {count} samples holds {what}, which is not by sample, so it cannot be cut "
        "into parts after random numbers were drawn for it.",
        "Let the collate make tensors whose first dimension is the sample.",
    )


def shapes(value: Any) -> Any:
    """What a batch looks like, as JSON: nesting, shapes and types, no values."""
    if isinstance(value, torch.Tensor):
        return [str(value.dtype), list(value.shape)]
    if isinstance(value, Mapping):
        return {str(key): shapes(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [shapes(part) for part in value]
    return type(value).__qualname__


def pair(value: Any) -> tuple[Any, Any]:
    """A batch as inputs and targets.

    Raises
    ------
    SaturnError
        ``bad-batch`` when it is no pair.
    """
    if isinstance(value, list | tuple) and len(value) == 2:
        return value[0], value[1]
    raise SaturnError(
        "bad-batch",
        f"A batch is a {type(value).__name__}, not a pair of inputs and targets.",
        "Let the dataset return (inputs, targets), or give the Task a collate that does.",
    )

"""Batches of any nesting: moved to a device, described by their shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ...errors import SaturnError


def move(value: Any, device: torch.device) -> Any:
    """A batch with all its tensors on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(device, non_blocking=True)
    if hasattr(value, "to"):  # batches with a method of their own, such as tokenizers make
        return value.to(device)
    if isinstance(value, Mapping):
        return {key: move(part, device) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(move(part, device) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(move(part, device) for part in value)
    return value


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

"""Computing in double precision what is written for single, to tell a difference from rounding."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map, tree_map_only


class DoublePrecision(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, PyTorch's operations compute in double precision whatever is single.

    Parameters and batches stay as they are: each is widened where it is used, and what comes of it
    is wide. Views are left alone, for they share memory with what they are of.

    Parameters
    ----------
    backward
        Whether it is for a backward, which casts gradients to what the parameters are.
    """

    def __init__(self, *, backward: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._backward = backward

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.is_view or (self._backward and func is torch.ops.aten._to_copy.default):
            return func(*args, **kwargs)
        if func._schema.is_mutable:
            return _in_place(func, args, kwargs)
        return _wide(func(*_wide(args), **_wide(kwargs)))


def _in_place(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operation that writes to some of its arguments, which keep their precision."""
    schema = func._schema.arguments
    given = {**dict(zip((each.name for each in schema), args, strict=False)), **kwargs}
    written = [
        each.name
        for each in schema
        if each.alias_info is not None and each.alias_info.is_write and each.name in given
    ]
    before = {name: given[name] for name in written}
    wide_args, wide_kwargs = _wide(args), _wide(kwargs)
    wide = {**dict(zip((each.name for each in schema), wide_args, strict=False)), **wide_kwargs}
    result = func(*wide_args, **wide_kwargs)
    originals = {}
    for name, tensor in before.items():
        if isinstance(tensor, torch.Tensor) and wide[name] is not tensor:
            tensor.copy_(wide[name])
            originals[id(wide[name])] = tensor
    return tree_map(lambda value: originals.get(id(value), value), result)


def _wide(value: Any) -> Any:
    widened = tree_map_only(torch.Tensor, _wide_tensor, value)
    return tree_map_only(
        torch.dtype, lambda kind: torch.double if kind is torch.float else kind, widened
    )


def _wide_tensor(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.double() if tensor.dtype is torch.float else tensor

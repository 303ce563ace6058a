"""Where the values of a model's forward come from: which of its parts they depend on."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from .op_tracing import Unfit, memory, reserve, tensors_of

BEFORE, BETWEEN, AFTER = "before the blocks", "between the blocks", "after the blocks"
"""Places of a forward through blocks."""


class ValueOrigins(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows where values come from, by the memory that holds them.

    Every operation is seen below autograd, so nothing escapes by ``detach``.

    Attributes
    ----------
    place
        Where the forward is.
    flops
        Floating point operations so far.
    used, written
        In which places each memory of a parameter or buffer was.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.place = BEFORE
        self.flops = 0
        self.used: dict[int, set[str]] = defaultdict(set)
        self.written: dict[int, set[str]] = defaultdict(set)
        self._parameters = {memory(p) for p in model.parameters()}
        self._origins: dict[int, frozenset[str]] = {}
        self._reserved: list[Any] = []

    def origins(self, value: Any) -> frozenset[str]:
        """In which places the parameters are read that a value depends on."""
        known = (self._origin(tensor) for tensor in tensors_of(value))
        return frozenset(chain.from_iterable(known))

    def rename(self, tensor: torch.Tensor, origin: str) -> torch.Tensor:
        """A copy of a tensor, from now on known by one origin."""
        copy = tensor.clone()
        self._origins[memory(copy)] = frozenset([origin])
        return copy

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        origins = self.origins((args, kwargs))
        for tensor in tensors_of((args, kwargs)):
            self.used[memory(tensor)].add(self.place)
        if func is torch.ops.aten._local_scalar_dense.default:
            self._decide(origins)
        result = func(*args, **kwargs)
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.flops += int(count(*args, **kwargs, out_val=result))
        for place, argument in enumerate(func._schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                value = args[place] if place < len(args) else kwargs.get(argument.name)
                for tensor in tensors_of(value):
                    self.written[memory(tensor)].add(self.place)
                    self._origins[memory(tensor)] = origins
        for tensor in tensors_of(result):
            self._origins[memory(tensor)] = origins
            self._reserved.append(reserve(tensor))
        return result

    def _origin(self, tensor: torch.Tensor) -> frozenset[str]:
        key = memory(tensor)
        if key in self._parameters:
            return frozenset([self.place])
        return self._origins.get(key, frozenset())

    def _decide(self, origins: frozenset[str]) -> None:
        if origins and self.place in (BEFORE, BETWEEN):
            raise Unfit(f"the model's forward looks at computed values {self.place}")

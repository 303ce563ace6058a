"""What a forward and its loss do beside computing: write into tensors, and differentiate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.autograd.variable import Variable
from torch.utils._python_dispatch import TorchDispatchMode

from ..model.op_tracing import memory, tensors_of


class ForwardWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees what is done within `watching`.

    Attributes
    ----------
    differentiates
        Whether gradients were computed.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.differentiates = False
        self._written: set[int] = set()

    def wrote(self, tensor: torch.Tensor) -> bool:
        """Whether anything was written into a tensor, if only what was there before."""
        return memory(tensor) in self._written

    @contextmanager
    def watching(self) -> Iterator[None]:
        engine = Variable._execution_engine
        Variable._execution_engine = _Engine(self, engine)  # type: ignore[assignment]
        try:
            with self:
                yield
        finally:
            Variable._execution_engine = engine

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func._schema.is_mutable:
            for place, argument in enumerate(func._schema.arguments):
                if argument.alias_info is not None and argument.alias_info.is_write:
                    given = args[place] if place < len(args) else kwargs.get(argument.name)
                    self._written.update(memory(tensor) for tensor in tensors_of(given))
        return func(*args, **kwargs)


class _Engine:
    """PyTorch's, below all ways to compute gradients."""

    def __init__(self, watch: ForwardWatch, engine: Any) -> None:
        self._watch = watch
        self._engine = engine

    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        self._watch.differentiates = True
        return self._engine.run_backward(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

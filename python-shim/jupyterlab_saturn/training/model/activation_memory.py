"""What a forward keeps for its backward, told apart by the blocks of the model."""

from __future__ import annotations

import functools
import weakref
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._pytree import tree_leaves

_OUTSIDE = -1


class ActivationMemory:
    """Counts the memory of the tensors that autograd saves while it is entered.

    Parameters and buffers of the model are not counted: they are there anyway. What blocks with
    activation checkpointing of their own save is not seen.

    Parameters
    ----------
    blocks
        In their order in the model.
    """

    def __init__(self, model: torch.nn.Module, blocks: Sequence[torch.nn.Module]) -> None:
        self._model = model
        self._blocks = blocks
        self._block = _OUTSIDE
        self._inputs: dict[int, int] = {}
        self._kept: list[tuple[int, weakref.ref[torch.Tensor]]] = []
        self._within = ExitStack()

    def __enter__(self) -> ActivationMemory:
        self._own = {id(t) for t in (*self._model.parameters(), *self._model.buffers())}
        for number, block in enumerate(self._blocks):
            for handle in (
                block.register_forward_pre_hook(
                    functools.partial(self._begin, number), with_kwargs=True
                ),
                block.register_forward_hook(self._end, always_call=True),
            ):
                self._within.callback(handle.remove)
        self._within.enter_context(saved_tensors_hooks(self._save, lambda tensor: tensor))
        return self

    def __exit__(self, *_: object) -> None:
        self._within.close()

    def bytes(self) -> tuple[int, int]:
        """What is kept at this moment, and what would be if blocks were computed again.

        The latter is what blocks get, what is saved outside of them, and what one saves.
        """
        kept: dict[int, tuple[int, int]] = {}
        for block, reference in self._kept:
            tensor = reference()
            if tensor is not None:
                kept.setdefault(_storage(tensor), (block, tensor.untyped_storage().nbytes()))
        inside: dict[int, int] = defaultdict(int)
        for storage, (block, size) in kept.items():
            if storage not in self._inputs:
                inside[block] += size
        always = inside.pop(_OUTSIDE, 0) + sum(self._inputs.values())
        return sum(size for _, size in kept.values()), always + max(inside.values(), default=0)

    def _begin(self, number: int, _block: Any, inputs: Any, named: Any) -> None:
        self._block = number
        for tensor in _tensors((inputs, named)):
            if tensor.requires_grad:
                self._inputs[_storage(tensor)] = tensor.untyped_storage().nbytes()

    def _end(self, *_: object) -> None:
        self._block = _OUTSIDE

    def _save(self, tensor: torch.Tensor) -> torch.Tensor:
        base = tensor if tensor._base is None else tensor._base
        # Itself it would be part of a cycle when it is an output of what saves it.
        saved = tensor.detach()
        if id(base) not in self._own:
            self._kept.append((self._block, weakref.ref(saved)))
        return saved


def _tensors(value: Any) -> Iterable[torch.Tensor]:
    return (leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor))


def _storage(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)

"""Tasks that work in the same way to the last number: what was watched of one holds for all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_flatten

from ...task import Task
from ..components.tensor_bytes import tensor_bytes
from .block_chain import BlockChain, adopt_chain, known_chain
from .linear_pairs import LinearPair, adopt_pairs, known_pairs
from .step_code import StepCode

_MOST_BYTES = 1 << 28
"""Of a model whose numbers are compared: watching a larger one is a small part of building it."""
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_PLAIN = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class Watched:
    """What was found by watching a model at work, apart from its modules; None where it was not."""

    chain: BlockChain | str | None
    pairs: list[LinearPair] | str | None

    @classmethod
    def of(cls, model: nn.Module) -> Watched:
        """What was found of a model so far."""
        return cls(known_chain(model), known_pairs(model))

    def adopt(self, model: nn.Module) -> None:
        """Take it for a twin."""
        if self.chain is not None:
            adopt_chain(model, self.chain)
        if self.pairs is not None:
            adopt_pairs(model, self.pairs)


def twin_key(task: Task, signature: str, batch: Any) -> str | None:
    """A digest that is equal for tasks whose forward and loss do the same with the same numbers.

    Of the signature, what it leaves out of modules and loss, all numbers of the model and of a
    batch, and which of its parameters are one. Left out is what only the optimizer and the
    schedule see, such as a learning rate. None where that cannot be told.
    """
    model = task.model
    tensors: list[tuple[str, torch.Tensor]] = [
        *model.named_parameters(remove_duplicate=False),
        *model.named_buffers(remove_duplicate=False),
    ]
    leaves, structure = tree_flatten(batch)
    size = sum(tensor.numel() * tensor.element_size() for _, tensor in tensors)
    if size > _MOST_BYTES or any(vars(m).get(name) for m in model.modules() for name in _HOOKS):
        return None
    step = [each for each in (task.loss, task.collate, task.forward) if each is not None]
    code = StepCode([*model.modules(), *step])
    facts = {
        "signature": signature,
        "step": [code.function(each) for each in step],
        "modules": [[name, _plain(each)] for name, each in model.named_modules()],
        "config": repr(getattr(model, "config", None)),
        "one": [_numbered(each for _, each in model.named_modules(remove_duplicate=False)),
                _numbered(tensor for _, tensor in tensors)],
        "batch": [str(structure), [repr(x) for x in leaves if not isinstance(x, torch.Tensor)]],
    }  # fmt: skip
    digest = hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=12)
    try:
        for data in _bytes(tensor for _, tensor in tensors):
            digest.update(data)
        for data in _bytes(leaf for leaf in leaves if isinstance(leaf, torch.Tensor)):
            digest.update(data)
    except (RuntimeError, TypeError):  # of a layout that has no plain bytes
        return None
    return digest.hexdigest()


def _plain(module: nn.Module) -> dict[str, str]:
    return {key: repr(value) for key, value in vars(module).items() if isinstance(value, _PLAIN)}


def _numbered(things: Iterable[Any]) -> list[int]:
    """For each thing the number of the first that is the same."""
    first: dict[int, int] = {}
    return [first.setdefault(id(thing), number) for number, thing in enumerate(things)]


def _bytes(tensors: Iterable[torch.Tensor]) -> Iterator[bytes]:
    for tensor in tensors:
        plain = tensor.detach().cpu().contiguous()
        yield str((plain.dtype, plain.shape)).encode()
        yield tensor_bytes(plain)

"""How a model's forward goes through its blocks, found by watching it work on a few samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from ...task import Task
from .blocks import find_blocks
from .op_tracing import Run, Unfit, memory, watch
from .value_origins import AFTER, BEFORE, BETWEEN, ValueOrigins


@dataclass(frozen=True, kw_only=True)
class BlockChain:
    """A model as a beginning, a chain of blocks, and an end.

    Each block gets the hidden states of the one before, unchanged, as its first argument or as
    ``hidden_states``; nothing else that was computed from parameters goes from one of these
    parts to another.

    Attributes
    ----------
    blocks
        In the order they run.
    names
        Under what dotted names the model has each block.
    end
        Names of the parameters and buffers outside of blocks that run after them; all others
        outside of blocks belong to the beginning.
    costs
        Floating point operations of each block's forward, with the beginning or the end of the
        model in the first and the last; comparable with each other only.
    outputs
        Length of the tuple that blocks return, the hidden states first; None when they return
        the hidden states alone.
    counted
        Whether the loss is a pair of sum and count.
    """

    blocks: Sequence[nn.Module]
    names: Sequence[Sequence[str]]
    end: frozenset[str]
    costs: Sequence[int]
    outputs: int | None
    counted: bool


def block_chain(task: Task) -> BlockChain | str:
    """The block chain of a task's model, or why it has none. Found once for each model."""
    known = _KNOWN.get(task.model)
    if known is None:
        try:
            known = watch(task, partial(_examine, task))
        except Unfit as unfit:
            known = str(unfit)
        _KNOWN[task.model] = known
    return known


def known_chain(model: nn.Module) -> BlockChain | str | None:
    """What was found of a model so far, without its modules."""
    known = _KNOWN.get(model)
    return replace(known, blocks=()) if isinstance(known, BlockChain) else known


def adopt_chain(model: nn.Module, known: BlockChain | str) -> None:
    """Take for a model what was found of another that works in the same way."""
    if isinstance(known, BlockChain):
        known = replace(known, blocks=[model.get_submodule(names[0]) for names in known.names])
    _KNOWN[model] = known


def chain_of(task: Task) -> list[nn.Module]:
    """The modules that a model is to be cut between: its blocks, else those of a sequence."""
    blocks = find_blocks(task.model, task.blocks)
    if blocks:
        return blocks
    sequences = [list(m.children()) for m in task.model.modules() if isinstance(m, nn.Sequential)]
    return max(sequences, key=len, default=[])


_KNOWN: WeakKeyDictionary[nn.Module, BlockChain | str] = WeakKeyDictionary()


def _examine(task: Task, run: Run) -> BlockChain:
    blocks = chain_of(task)
    if len(blocks) < 2:
        raise Unfit("the model has no list or sequence of blocks to be cut between")
    model = task.model
    seen = ValueOrigins(model)
    with ExitStack() as hooks:
        walk = _Walk(blocks, seen)
        for handle in walk.follow():
            hooks.callback(handle.remove)
        _, loss = run(seen)
    walk.conclude(loss.value)
    names = [[n for n, m in model.named_modules(remove_duplicate=False) if m is b] for b in blocks]
    return BlockChain(
        blocks=blocks,
        names=names,
        end=_end(model, blocks, seen),
        costs=walk.costs,
        outputs=walk.outputs,
        counted=loss.count is not None,
    )


class _Walk:
    """The way of one forward through the blocks.

    Attributes
    ----------
    costs, outputs
        As of `BlockChain`.
    """

    def __init__(self, blocks: Sequence[nn.Module], watch: ValueOrigins) -> None:
        self.outputs: int | None = None
        self.costs: list[int] = []
        self._blocks = blocks
        self._watch = watch
        self._next = 0
        self._hidden = torch.empty(0)

    def follow(self) -> Iterator[Any]:
        """Have every block tell when it begins and ends. Yields what to remove afterwards."""
        for number, block in enumerate(self._blocks):
            yield block.register_forward_pre_hook(partial(self._enter, number), with_kwargs=True)
            yield block.register_forward_hook(partial(self._leave, number))

    def conclude(self, loss: torch.Tensor) -> None:
        """Check how the forward ended."""
        if self._watch.place != AFTER:
            raise Unfit("not every block runs")
        if not self._watch.origins(loss) <= {AFTER, _out(len(self._blocks) - 1)}:
            raise Unfit(
                "the loss depends on more of the inside of the model than the last block's "
                "output, as with a skip connection"
            )
        self.costs[-1] += self._watch.flops - sum(self.costs)
        sizes = (sum(p.numel() for p in block.parameters()) for block in self._blocks)
        self.costs = [cost + size for cost, size in zip(self.costs, sizes, strict=True)]

    def _enter(self, number: int, _block: nn.Module, args: Any, kwargs: Any) -> Any:
        if number != self._next:
            raise Unfit("the blocks do not run once each, one after another")
        hidden = args[0] if args else kwargs.get("hidden_states")
        if not isinstance(hidden, torch.Tensor) or not hidden.is_floating_point():
            raise Unfit("the first argument of a block is no tensor of hidden states")
        if number == 0:
            self._hidden = self._watch.rename(hidden, _out(-1))
        elif not _is_same(hidden, self._hidden):
            raise Unfit("the hidden states are changed between the blocks")
        kwargs = {**kwargs, **({} if args else {"hidden_states": None})}
        if self._watch.origins((args[1:], kwargs)):
            raise Unfit(
                "the blocks share other values that depend on parameters than the hidden states"
            )
        self._watch.place = _inside(number)
        if args:
            return (self._hidden, *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": self._hidden}

    def _leave(self, number: int, _block: nn.Module, _args: Any, output: Any) -> Any:
        several = isinstance(output, tuple | list) and len(output) > 0
        hidden = output[0] if several else output
        outputs = len(output) if several else None
        if not isinstance(hidden, torch.Tensor) or not hidden.is_floating_point():
            raise Unfit("the blocks return neither hidden states nor a tuple that begins so")
        if number > 0 and outputs != self.outputs:
            raise Unfit("the blocks return different numbers of values")
        if not self._watch.origins(hidden) <= {_inside(number), _out(number - 1)}:
            raise Unfit(f"block {number} depends on more than the output of the one before")
        self.outputs = outputs
        self.costs.append(self._watch.flops - sum(self.costs))
        self._hidden = self._watch.rename(hidden, _out(number))
        self._next += 1
        self._watch.place = AFTER if self._next == len(self._blocks) else BETWEEN
        return type(output)([self._hidden, *output[1:]]) if several else self._hidden


def _end(model: nn.Module, blocks: Sequence[nn.Module], watch: ValueOrigins) -> frozenset[str]:
    """What of the model outside of blocks runs after them. Raises Unfit for what runs twice."""
    homes = {
        memory(tensor): _inside(number)
        for number, block in enumerate(blocks)
        for tensor in chain(block.parameters(), block.buffers())
    }
    end = set()
    parameters = {memory(p) for p in model.parameters()}
    for name, tensor in chain(
        model.named_parameters(remove_duplicate=False), model.named_buffers(remove_duplicate=False)
    ):
        key = memory(tensor)
        home = homes.get(key)
        # What is only read may be everywhere, unless it is trained.
        places = watch.used[key] if key in parameters else watch.written[key]
        if home is None and watch.used[key] == {AFTER}:
            end.add(name)
        elif not places <= {home or BEFORE}:
            both = home is None and places == {BEFORE, AFTER}
            where = "both before and after the blocks" if both else "in several of its parts"
            raise Unfit(f"the model needs {name} {where}, which would be on different devices")
    return frozenset(end)


def _is_same(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether it is the same values in the same memory, untouched since they were copied there."""
    return (
        memory(tensor) == memory(other)
        and tensor.shape == other.shape
        and tensor.stride() == other.stride()
        and tensor._version == 0
    )


def _inside(number: int) -> str:
    return f"inside of block {number}"


def _out(number: int) -> str:
    return f"the output of block {number}"

"""The part of a model that one rank of a pipeline has."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ...errors import SaturnError
from ..components.state_dicts import EXTRA_STATE
from ..model.block_chain import BlockChain


@dataclass(frozen=True)
class Holding:
    """A tensor of the whole model's state dict, and the rank that has it."""

    name: str
    shape: torch.Size
    dtype: torch.dtype
    rank: int


class Stages:
    """The stages of a model that a rank has: some blocks, and at the ends what is around them.

    A stage runs the whole model's own forward on the real inputs. The blocks of other stages are
    stand-ins: they let hidden states through, the one before the stage puts in those received,
    the one after it ends the forward. So whatever the model makes of its inputs on the way, such
    as masks or positions, is there, and names are those of the plain model. Parameters outside of
    blocks that another rank has are zeros which take no memory.

    Parameters
    ----------
    ranges
        The blocks of each stage. Stage s is of rank s modulo `ranks`.

    Attributes
    ----------
    own
        Numbers of this rank's stages.
    names
        Of the model's state dict, in its order.
    holdings
        Which rank has which of its tensors, in their order.
    """

    def __init__(
        self,
        model: nn.Module,
        block_chain: BlockChain,
        ranges: Sequence[range],
        rank: int,
        ranks: int,
        device: torch.device,
    ) -> None:
        self.model = model
        self.blocks = block_chain.blocks
        self.count = len(ranges)
        self.own = range(rank, self.count, ranks)
        self._ranges = ranges
        self._sites = [
            [
                (model.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2])
                for name in many
            ]
            for many in block_chain.names
        ]
        self._stand_ins = [_StandIn(block, block_chain.outputs) for block in block_chain.blocks]
        owner = _Ownership(block_chain, ranges, ranks)
        everything = model.state_dict()
        self.names = list(everything)
        self.holdings = [
            Holding(name, value.shape, value.dtype, owner.rank(name))
            for name, value in everything.items()
            if isinstance(value, torch.Tensor) and not name.endswith(EXTRA_STATE)
        ]
        mine = {block for stage in self.own for block in ranges[stage]}
        for number in range(len(self.blocks)):
            if number not in mine:
                self._put(number, self._stand_ins[number])
        for name, parameter in list(model.named_parameters(remove_duplicate=False)):
            if owner.rank(name) != rank:
                _hollow(model, name, parameter, device)
        model.to(device)
        self.owned = {holding.name for holding in self.holdings if holding.rank == rank}

    @property
    def has_last(self) -> bool:
        """Whether the model's outputs are made on this rank."""
        return self.count - 1 in self.own

    def run(
        self,
        stage: int,
        forward: Callable[[], Any],
        received: torch.Tensor | None = None,
        *,
        on_arrival: Callable[[], None] = lambda: None,
    ) -> Any:
        """Run one of this rank's stages.

        Parameters
        ----------
        forward
            Runs the whole model.
        received
            What the stage before returned; None for the first.
        on_arrival
            Called where the forward comes to the stage, unless that is the first.

        Returns
        -------
        Any
            Hidden states for the next stage; what `forward` returns in the last.

        Raises
        ------
        SaturnError
            ``bad-pipeline`` when the forward took another way than it did when watched.
        """
        with self._only(stage, received, on_arrival):
            try:
                outputs = forward()
            except _LeaveForward as leaving:
                return leaving.hidden.contiguous()
        if stage < self.count - 1:
            raise SaturnError(
                "bad-pipeline",
                "The model's forward skipped the block at which it was to go on elsewhere.",
                "Exclude pipeline from the plan of this task.",
            )
        return outputs

    @contextmanager
    def _only(
        self, stage: int, received: torch.Tensor | None, on_arrival: Callable[[], None]
    ) -> Iterator[None]:
        """Within it, only the blocks of one stage work."""
        others = [n for s in self.own if s != stage for n in self._ranges[s]]
        before = self._stand_ins[self._ranges[stage].start - 1]  # of the first stage: never called
        after = self._stand_ins[self._ranges[stage].stop % len(self._stand_ins)]  # likewise
        for number in others:
            self._put(number, self._stand_ins[number])
        before.part.received, after.part.leaves = received, stage < self.count - 1
        before.part.on_arrival = on_arrival
        try:
            yield
        finally:
            before.part.received, after.part.leaves = None, False
            for number in others:
                self._put(number, self.blocks[number])

    def _put(self, number: int, module: nn.Module) -> None:
        for parent, name in self._sites[number]:
            setattr(parent, name, module)


def blocks_with_parameters(block_chain: BlockChain) -> int:
    """How many blocks hold parameters, the first of the chain with what comes before it."""
    return 1 + sum(1 for block in block_chain.blocks[1:] if _has_parameters(block))


def cut(block_chain: BlockChain, stages: int) -> list[range] | None:
    """The blocks of each stage, such that the slowest is as fast as can be; None if too few.

    Every stage begins at a block that has parameters, so that none is without.
    """
    costs = block_chain.costs
    count = len(costs)
    starts = [number for number in range(1, count) if _has_parameters(block_chain.blocks[number])]
    total = [0]
    for cost in costs:
        total.append(total[-1] + cost)

    @functools.cache
    def best(first: int, parts: int) -> tuple[float, tuple[int, ...]]:
        """The slowest of the parts from a block on, and where they end."""
        if parts == 1:
            return total[count] - total[first], (count,)
        found: tuple[float, tuple[int, ...]] = (math.inf, ())
        for end in starts:
            if end > first:
                slowest, ends = best(end, parts - 1)
                slowest = max(slowest, total[end] - total[first])
                if slowest < found[0]:
                    found = slowest, (end, *ends)
        return found

    ends = best(0, stages)[1]
    return [range(a, b) for a, b in zip((0, *ends), ends, strict=False)] or None


class _StandIn(nn.Module):
    """Is called in place of a block that another stage has."""

    def __init__(self, block: nn.Module, outputs: int | None) -> None:
        super().__init__()
        # Models look at settings of their blocks, such as what kind of mask to give them.
        settings = {n: v for n, v in vars(block).items() if n[0] != "_" and not hasattr(self, n)}
        vars(self).update(settings)
        self.part = _StandInPart()
        self._outputs = outputs

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        hidden = args[0] if args else kwargs["hidden_states"]
        if self.part.leaves:
            raise _LeaveForward(hidden)
        if self.part.received is not None:
            hidden = self.part.received
            self.part.on_arrival()
        return hidden if self._outputs is None else (hidden, *[None] * (self._outputs - 1))


class _StandInPart:
    """What a stand-in does at its next call; not in the module, where setting things is slow."""

    received: torch.Tensor | None = None
    leaves = False
    on_arrival: Callable[[], None] = staticmethod(lambda: None)


class _LeaveForward(BaseException):  # no Exception, which a model may catch
    """Ends a forward where its stage ends."""

    def __init__(self, hidden: torch.Tensor) -> None:
        self.hidden = hidden


class _Ownership:
    """Which rank has what of a model."""

    def __init__(self, block_chain: BlockChain, ranges: Sequence[range], ranks: int) -> None:
        self._block_chain = block_chain
        self._last = (len(ranges) - 1) % ranks
        self._prefixes = {
            f"{name}.": stage % ranks
            for stage, blocks in enumerate(ranges)
            for block in blocks
            for name in block_chain.names[block]
        }

    def rank(self, name: str) -> int:
        """The rank that has a parameter or buffer."""
        for prefix, rank in self._prefixes.items():
            if name.startswith(prefix):
                return rank
        return self._last if name in self._block_chain.end else 0


def _hollow(model: nn.Module, name: str, parameter: nn.Parameter, device: torch.device) -> None:
    """Put zeros that take no memory in the place of a parameter."""
    zero = torch.zeros((), dtype=parameter.dtype, device=device)
    path, _, attribute = name.rpartition(".")
    module = model.get_submodule(path)
    setattr(module, attribute, nn.Parameter(zero.expand(parameter.shape), requires_grad=False))
    if type(module) is nn.Embedding:  # where language models begin: nothing need be looked up
        width = module.embedding_dim
        module.forward = lambda input: zero.expand(*input.shape, width)  # type: ignore[method-assign]


def _has_parameters(module: nn.Module) -> bool:
    return any(True for _ in module.parameters())

"""Linear layers that can be split between devices, found by watching a model at work.

What one layer makes and another takes, with nothing but element-wise functions in between, may be
cut by columns: each device has some columns of the first layer and the same rows of the second,
and only the results of the second are added up (Shoeybi et al., Megatron-LM, 2019).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ...task import Task
from .op_tracing import Run, Unfit, memory, reserve, tensors_of, watch

_ELEMENTWISE = frozenset(
    (
        "alias",
        "bernoulli",
        "bernoulli_",
        "clone",
        "detach",
        "empty_like",
        "native_dropout",
        "ones_like",
    )
)


@dataclass(frozen=True, kw_only=True)
class LinearPair:
    """Linear layers that are to be split together.

    Attributes
    ----------
    makers
        Names of those split by columns.
    takers
        Names of those that get what `makers` made, split by rows.
    width
        Columns of the ones, rows of the others.
    random
        Whether random numbers are drawn in between.
    """

    makers: tuple[str, ...]
    takers: tuple[str, ...]
    width: int
    random: bool


def linear_pairs(task: Task) -> list[LinearPair] | str:
    """The linear_pairs of a task's model in the order they are made; or why it cannot be watched.

    No layer is in two of them. Found once for each model.
    """
    known = _KNOWN.get(task.model)
    if known is None:
        try:
            known = watch(task, partial(_find, task))
        except Unfit as unfit:
            known = str(unfit)
        _KNOWN[task.model] = known
    return known


def known_pairs(model: nn.Module) -> list[LinearPair] | str | None:
    """What was found of a model so far."""
    return _KNOWN.get(model)


def adopt_pairs(model: nn.Module, known: list[LinearPair] | str) -> None:
    """Take for a model what was found of another that works in the same way."""
    _KNOWN[model] = known


_KNOWN: WeakKeyDictionary[nn.Module, list[LinearPair] | str] = WeakKeyDictionary()


def _find(task: Task, run: Run) -> list[LinearPair]:
    seen = _Watch(task.model)
    with ExitStack() as hooks:
        for handle in seen.follow():
            hooks.callback(handle.remove)
        outputs, _ = run(seen)
    seen.spoil(outputs)
    return list(seen.linear_pairs())


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows what linear layers make, until others take it or it is used in other ways."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        uses = Counter(id(p) for m in model.modules() for p in m.parameters(recurse=False))
        self._layers = {
            name: module
            for name, module in model.named_modules()
            if isinstance(module, nn.Linear)
            and type(module).forward is nn.Linear.forward
            and all(uses[id(p)] == 1 for p in module._parameters.values() if p is not None)
            and "weight" in module._parameters
        }
        self._weights = {
            memory(p): name for name, layer in self._layers.items() for p in layer.parameters()
        }
        self._made: dict[int, frozenset[str]] = {}
        self._reserved: list[Any] = []
        self._takers: dict[str, set[str]] = defaultdict(set)
        self._makers: dict[str, set[str]] = defaultdict(set)
        self._spoilt: set[str] = set()
        self._whole: set[str] = set()  # those that get what no layer made
        self._random: set[str] = set()
        self._inside: str | None = None

    def follow(self) -> Iterator[Any]:
        """Have every layer tell when it begins and ends. Yields what to remove afterwards."""
        for name, layer in self._layers.items():
            yield layer.register_forward_pre_hook(partial(self._enter, name))
            yield layer.register_forward_hook(partial(self._leave, name))

    def spoil(self, value: Any) -> None:
        """What some tensors were made of cannot be split."""
        self._spoilt |= self._makers_of(value)

    def linear_pairs(self) -> Iterator[LinearPair]:
        """What was found, once all ran."""
        split: set[str] = set()
        for first in list(self._takers):
            makers, takers = self._together(first)
            width = self._layers[first].out_features
            around = [
                *(self._layers[name].in_features for name in makers),
                *(self._layers[name].out_features for name in takers),
            ]
            if (
                not (makers | takers) & split
                and not makers & takers
                and not makers & self._spoilt
                and not takers & self._whole
                and width >= min(around)  # else there is less to split than to send
            ):
                split |= makers | takers
                random = bool(makers & self._random)
                yield LinearPair(
                    makers=tuple(sorted(makers)),
                    takers=tuple(sorted(takers)),
                    width=width,
                    random=random,
                )

    def _together(self, first: str) -> tuple[frozenset[str], frozenset[str]]:
        """All layers that are split when one is split by columns."""
        makers, takers = {first}, set[str]()
        while True:
            more = {taker for maker in makers for taker in self._takers[maker]} - takers
            if not more:
                return frozenset(makers), frozenset(takers)
            takers |= more
            makers |= {maker for taker in more for maker in self._makers[taker]}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        given = tensors_of((args, kwargs))
        for tensor in given:
            owner = self._weights.get(memory(tensor))
            if owner is not None and owner != self._inside:  # used without calling the layer
                self._spoilt.add(owner)
                self._whole.add(owner)
        makers = self._makers_of(given)
        if self._inside is not None or not makers or func.namespace == "prim":
            return func(*args, **kwargs)  # prim: where a tensor is, not what is in it
        result = func(*args, **kwargs)
        if torch.Tag.nondeterministic_seeded in func.tags:
            self._random |= makers
        name = func._schema.name.removeprefix("aten::")
        elementwise = torch.Tag.pointwise in func.tags or name in _ELEMENTWISE
        shapes = {tensor.shape for tensor in given}
        if elementwise and len(shapes) == 1 and all(map(self._makers_of, given)):
            for tensor in tensors_of(result):
                self._made[memory(tensor)] = makers
                self._reserved.append(reserve(tensor))
        else:
            self._spoilt |= makers
        return result

    def _enter(self, name: str, _layer: nn.Module, args: Any) -> None:
        makers = self._makers_of(args)
        if not makers:
            self._whole.add(name)
        for maker in sorted(makers):  # in the same order on every rank
            self._takers[maker].add(name)
            self._makers[name].add(maker)
        self._inside = name

    def _leave(self, name: str, _layer: nn.Module, _args: Any, output: torch.Tensor) -> None:
        self._inside = None
        self._made[memory(output)] = frozenset([name])
        self._reserved.append(reserve(output))

    def _makers_of(self, value: Any) -> frozenset[str]:
        none: frozenset[str] = frozenset()
        return none.union(*(self._made.get(memory(t), none) for t in tensors_of(value)))

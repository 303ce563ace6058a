"""The forward that several tasks have in common, and whether it is that of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from ...task import Task
from ..components.loss import outputs_of
from ..components.precision import precise
from ..components.seeding import global_state, seed_all
from ..components.side_effects import without_side_effects
from ..components.tensor_bytes import tensor_bytes
from .adapter_sites import AdapterSite, NotFused
from .draws import Draws, PartDraws
from .joined_batches import JoinedBatch, join
from .stacked_adapters import StackedAdapters

_CLOSE = {"float32": 1e-3, "bfloat16": 5e-2}
"""How far outputs may be off for rounding, as a share of the largest."""


@dataclass(frozen=True)
class ForwardPart:
    """A task's part of a joined batch.

    Attributes
    ----------
    inputs
        Its own, on the device.
    seed
        For what is drawn meanwhile.
    """

    name: str
    task: Task
    sites: Sequence[AdapterSite]
    inputs: Any
    seed: int

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """Of its adapters."""
        return [each for site in self.sites for each in (site.down, site.up)]

    def own_outputs(self) -> Any:
        """By the task's own model."""
        return outputs_of(self.task, self.task.model, self.inputs)


class CommonForward:
    """The forward of a task's model, for the adapters of others as well.

    Parameters
    ----------
    sites
        Of the task.
    """

    def __init__(self, task: Task, sites: Sequence[AdapterSite], device: torch.device) -> None:
        self._task = task
        self._device = device
        self._stack = StackedAdapters(task.model, sites)

    def draws(self, parts: Sequence[ForwardPart]) -> bool:
        """Whether random numbers are drawn for any of some parts."""
        return self._stack.draws([part.sites for part in parts])

    def outputs(
        self, joined: JoinedBatch, parts: Sequence[ForwardPart], draws: PartDraws
    ) -> list[Any]:
        """Of each part.

        Parameters
        ----------
        parts
            Those that `joined` is made of.
        draws
            As of `StackedAdapters.of`, whether they draw or not.
        """
        with self._placed(parts, draws), self._precise():
            outputs = outputs_of(self._task, self._task.model, joined.inputs)
        return joined.pieces(outputs)

    def backward(
        self, values: Sequence[torch.Tensor], parts: Sequence[ForwardPart], draws: PartDraws
    ) -> None:
        """Differentiate what was made of the outputs of some parts, given as they were."""
        with self._placed(parts, draws):
            torch.autograd.backward(values)

    def _placed(
        self, parts: Sequence[ForwardPart], draws: PartDraws
    ) -> AbstractContextManager[None]:
        return self._stack.of([part.sites for part in parts], draws if self.draws(parts) else None)

    def require_same(self, joined: JoinedBatch, parts: Sequence[ForwardPart]) -> None:
        """See whether this forward gives what the own one of each part does. Leaves no trace.

        Raises
        ------
        NotFused
            When it does not.
        """
        with torch.no_grad(), self._untouched(parts):
            draws = self._begin(parts)
            start, before = torch.get_rng_state(), global_state()
            buffers = _copies(self._task.model)
            pieces = self.outputs(joined, parts, draws)
            after = global_state()
            torch.set_rng_state(start)
            draws.draws.replay_calls()
            if after != (tensor_bytes(torch.get_rng_state()), *before[1:]):
                raise NotFused("its forward draws random numbers otherwise than by nn.Dropout")
            _require_kept(self._task.model, buffers)
            for part, piece in zip(parts, pieces, strict=True):
                if not _alike(piece, self._own_outputs(part), self._tolerance):
                    raise NotFused(
                        f"what its forward does with a sample depends on others ({part.name})"
                    )

    def require_same_gradients(self, joined: JoinedBatch, parts: Sequence[ForwardPart]) -> None:
        """See whether the backward gives what that of each part does. Leaves no trace.

        Raises
        ------
        NotFused
            When it does not.
        """
        trained = {id(each): each for part in parts for each in part.parameters}.values()
        with self._untouched(parts), _without_gradients(trained):
            draws = self._begin(parts)
            pieces = self.outputs(joined, parts, draws)
            owns = [self._own_outputs(part) for part in parts]
            pairs = [_weighed(one, own) for one, own in zip(pieces, owns, strict=True)]
            if not all(one.requires_grad and own.requires_grad for one, own in pairs):
                return
            with draws.draws.again():
                self.backward([one for one, _ in pairs], parts, draws)
            common = _taken_gradients(trained)
            torch.autograd.backward([own for _, own in pairs])
            if not _alike(common, _taken_gradients(trained), self._tolerance):
                raise NotFused("what its backward does with a sample depends on others")

    def _begin(self, parts: Sequence[ForwardPart]) -> PartDraws:
        draws = Draws(self._device)
        for part in parts:
            seed_all(part.seed)
            draws.begin_part()
        return PartDraws(draws, range(len(parts)))

    def _own_outputs(self, part: ForwardPart) -> Any:
        seed_all(part.seed)
        with self._precise():
            return part.own_outputs()

    def _untouched(self, parts: Sequence[ForwardPart]) -> AbstractContextManager[None]:
        models = {id(part.task.model): part.task.model for part in parts}
        return without_side_effects(self._task.model, *models.values())

    @property
    def _tolerance(self) -> float:
        return _CLOSE[self._task.precision]

    def _precise(self) -> AbstractContextManager[Any]:
        return precise(self._task, self._device.type)


def require_same(
    task: Task, sites: Sequence[AdapterSite], inputs: Sequence[Any], seeds: Sequence[int]
) -> None:
    """See whether a task does with batches together what it does with each alone.

    Its backward is looked at as well, with something that is made of the outputs.

    Raises
    ------
    NotFused
        When it does not, or when they cannot be put together.
    """
    forward = CommonForward(task, sites, sites[0].down.device)
    parts = [
        ForwardPart("the task", task, sites, own, seed)
        for own, seed in zip(inputs, seeds, strict=True)
    ]
    together = join(inputs, pads=not forward.draws(parts))
    if len(together) > 1:
        # Of unlike length where dropout is drawn: each of them beside itself will do.
        parts = [parts[0]] * len(parts)
        together = join([inputs[0]] * len(parts), pads=False)
    if len(together) > 1:
        raise NotFused("its batches are no tensors by sample, which can be put together")
    forward.require_same(together[0], parts)
    forward.require_same_gradients(together[0], parts)


def _copies(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


def _require_kept(model: torch.nn.Module, before: Mapping[str, torch.Tensor]) -> None:
    """See that a forward has left buffers as they were, which are those of all tasks."""
    for name, buffer in model.named_buffers():
        known = before.get(name)
        if known is None or known.shape != buffer.shape or not torch.equal(known, buffer):
            raise NotFused(f"{name} changes in its forward, and would be that of all tasks")


def _alike(one: Any, other: Any, tolerance: float) -> bool:
    """Whether outputs are the same to rounding, as far as both have them."""
    pairs = list(_pairs(one, other))
    return bool(pairs) and all(_close(*pair, tolerance) for pair in pairs)


def _pairs(one: Any, other: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        yield one, other
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in one.keys() & other.keys():
            yield from _pairs(one[key], other[key])
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for a, b in zip(one, other, strict=False):
            yield from _pairs(a, b)


def _weighed(one: Any, other: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The same number of each of two outputs, a mean in which their parts have unlike weights."""
    sums = [torch.zeros(()), torch.zeros(())]
    for pair in _pairs(one, other):
        if pair[0].is_floating_point() and pair[0].shape == pair[1].shape:
            weights = torch.linspace(0.5, 1.5, pair[0].numel(), device=pair[0].device)
            for place, each in enumerate(pair):
                sums[place] = (
                    sums[place].to(each.device) + (each.float().flatten() * weights).mean()
                )
    return sums[0], sums[1]


@contextmanager
def _without_gradients(parameters: Iterable[torch.nn.Parameter]) -> Iterator[None]:
    """Within it they have no gradients; afterwards those that they had."""
    before = [(each, each.grad) for each in parameters]
    for each, _ in before:
        each.grad = None
    try:
        yield
    finally:
        for each, gradient in before:
            each.grad = gradient


def _taken_gradients(parameters: Iterable[torch.nn.Parameter]) -> list[torch.Tensor]:
    taken = []
    for each in parameters:
        taken.append(torch.zeros_like(each) if each.grad is None else each.grad)
        each.grad = None
    return taken


def _close(one: torch.Tensor, other: torch.Tensor, tolerance: float) -> bool:
    if one.shape != other.shape or not one.is_floating_point():
        return one.shape == other.shape and torch.equal(one, other)
    if other.numel() == 0 or not bool(torch.isfinite(other).all()):
        return True  # what diverges by itself is for its loss to tell
    largest = max(float(other.abs().max()), 1e-6)
    return float((one - other).abs().max()) <= tolerance * largest

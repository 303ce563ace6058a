"""The loss and the gradient of some samples, without chance, to compare with others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from ...errors import SaturnError
from ...task import Task
from ..components.loss import Loss, counted_loss, outputs_of
from ..components.nested_tensors import move, pair
from ..components.seeding import seed_all
from .constant_randomness import ConstantRandomness

_CPU = torch.device("cpu")
_EXACT, _COARSE = 2e-4, 5e-2  # relative; the second for parameters in half precision


class ReferenceStep:
    """Forwards and backwards of a task's model on one device, in single precision.

    Attributes
    ----------
    draws
        Whether any forward drew random numbers.
    """

    def __init__(self, task: Task) -> None:
        self.draws = False
        self._task = task
        self._trained = [p for p in task.model.parameters() if p.requires_grad]
        half = any(p.dtype in (torch.half, torch.bfloat16) for p in self._trained)
        self._tolerance = _COARSE if half else _EXACT

    def gradient(
        self,
        parts: Sequence[tuple[Any, float]],
        around: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> Gradient:
        """Of parts of a batch, each with its weight, put together as ranks do it.

        Parameters
        ----------
        around
            Entered for the forward and the backward of each part.

        Raises
        ------
        SaturnError
            ``stray-parameter`` when the loss depends on a parameter outside of the model;
            ``hidden-state`` when the forward draws from a generator that no checkpoint holds.
        """
        losses: list[tuple[Loss, float]] = []
        found: list[Sequence[torch.Tensor | None]] = []
        for batch, weight in parts:
            with around():
                loss = self._loss(batch)
                # That of a part may be a constant, where it has nothing to count.
                constant = len(parts) > 1 and not loss.value.requires_grad
                found.append([None] * len(self._trained) if constant else self._gradient(loss))
            losses.append((Loss(loss.value.detach(), loss.count), weight))
        scales = _scales(losses)
        total = sum(
            float(loss.value) * scale for (loss, _), scale in zip(losses, scales, strict=True)
        )
        return Gradient(total, [_weighed(each, scales) for each in zip(*found, strict=True)])

    def _loss(self, batch: Any) -> Loss:
        inputs, targets = pair(move(batch, _CPU))
        seed_all(0)
        with ConstantRandomness() as chance:
            _, loss = counted_loss(self._task, _Forward(self._task, inputs), targets)
        self.draws |= chance.draws
        if chance.draws_unseeded:
            raise _own_generator()
        self._require_owned(loss.value)
        return loss

    def _gradient(self, loss: Loss) -> Sequence[torch.Tensor | None]:
        with ConstantRandomness():
            return torch.autograd.grad(loss.value, self._trained, allow_unused=True)

    def _require_owned(self, loss: torch.Tensor) -> None:
        owned = {id(parameter) for parameter in self._task.model.parameters()}
        for leaf in _leaves(loss):
            if isinstance(leaf, torch.nn.Parameter) and id(leaf) not in owned:
                raise SaturnError(
                    "stray-parameter",
                    f"The loss depends on a parameter of shape {tuple(leaf.shape)} that is not the "
                    "model's: no optimizer here would train it and no checkpoint hold it.",
                    "Make it a part of the model: let the model hold the loss module, return what "
                    "it computes, and have the Task's loss take that.",
                )

    def difference(self, whole: Gradient, parts: Gradient) -> str | None:
        """What is not the same of a batch and of its parts; None when all is."""
        loss, other = whole.loss, parts.loss
        if not abs(loss - other) <= self._tolerance * max(abs(loss), 1e-3):
            return f"its loss is {loss:.4g}, but that of its parts together {other:.4g}"
        apart, size = whole.distance(parts), whole.norm()
        if apart > 10 * self._tolerance * size + 1e-12:
            return f"its gradient is not that of its parts together, but {apart / size:.2g} off"
        return None


class Gradient:
    """A loss and its gradient by all that is trained."""

    def __init__(self, loss: float, parts: Sequence[torch.Tensor | None]) -> None:
        self.loss = loss
        self._parts = parts

    def norm(self) -> float:
        """Euclidean, over all."""
        return math.sqrt(sum(float(part.norm()) ** 2 for part in self._parts if part is not None))

    def distance(self, other: Gradient) -> float:
        """The norm of the difference."""
        squares = 0.0
        for mine, theirs in zip(self._parts, other._parts, strict=True):
            if mine is None or theirs is None:
                one = theirs if mine is None else mine
                squares += 0.0 if one is None else float(one.norm()) ** 2
            else:
                squares += float((mine - theirs).norm()) ** 2
        return math.sqrt(squares)


def _own_generator() -> SaturnError:
    return SaturnError(
        "hidden-state",
        "The forward draws random numbers from a generator of its own, which no checkpoint holds.",
        "Draw from PyTorch's global generator, which is seeded for each step; or train by your "
        "own loop: %%saturn task --native.",
    )


def _leaves(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """What a tensor was computed from that wants a gradient."""
    waiting, seen = [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        waiting.extend(following for following, _ in node.next_functions)


class _Forward:
    def __init__(self, task: Task, inputs: Any) -> None:
        self._task = task
        self._inputs = inputs

    def __call__(self) -> Any:
        return outputs_of(self._task, self._task.model, self._inputs)


def _scales(losses: Sequence[tuple[Loss, float]]) -> list[float]:
    """What the value of each loss counts in that of all, whose means have these weights."""
    counts = [None if loss.count is None else float(loss.count) for loss, _ in losses]
    if all(count is not None for count in counts):
        total = sum(count for count in counts if count is not None)
        return [1 / total if total else math.nan] * len(losses)
    weights = (weight for _, weight in losses)
    return [
        weight if count is None else weight / count if count else math.nan
        for weight, count in zip(weights, counts, strict=True)
    ]


def _weighed(parts: Sequence[torch.Tensor | None], scales: Sequence[float]) -> torch.Tensor | None:
    scaled = [p * scale for p, scale in zip(parts, scales, strict=True) if p is not None]
    return torch.stack(scaled).sum(0) if scaled else None

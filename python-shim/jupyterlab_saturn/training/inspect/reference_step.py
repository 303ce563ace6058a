"""The loss and the gradient of some samples, without chance, to compare with others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from ...errors import SaturnError
from ...task import Task
from ..components.loss import Loss, counted_loss, outputs_of
from ..components.nested_tensors import move, pair
from ..components.seeding import python_state, seed_all
from .constant_randomness import ConstantRandomness
from .double_precision import DoublePrecision
from .forward_watch import ForwardWatch
from .gradient import Gradient, norm
from .model_state import ModelState
from .placed_samples import device_of


class ReferenceStep:
    """Forwards and backwards of a task's model on one device.

    Attributes
    ----------
    draws
        Whether any forward drew random numbers.
    chooses
        Whether one may have gone another way by what it drew, as it does that skips layers.
    names
        Of the parameters that are trained.
    half
        Whether some of them are in half precision.
    """

    def __init__(self, task: Task) -> None:
        self.draws = self.chooses = False
        self._task = task
        named = [(n, p) for n, p in task.model.named_parameters() if p.requires_grad]
        self.names = [name for name, _ in named]
        self._trained = [parameter for _, parameter in named]
        self.half = any(p.dtype in (torch.half, torch.bfloat16) for p in self._trained)

    def gradient(
        self,
        parts: Sequence[tuple[Any, float]],
        state: ModelState | None = None,
        *,
        counted: bool = False,
        double: bool = False,
        chance: int | None = None,
    ) -> Gradient:
        """Of parts of a batch, each with its weight, put together as ranks do it.

        Parameters
        ----------
        state
            From which each of them begins, and which is there again afterwards.
        counted
            Whether parts weigh what their losses count, if all do, instead of their weights.
        double
            Whether to compute in double precision, which not all models can.
        chance
            A seed, to have the forward draw by chance; without chance when None.

        Raises
        ------
        SaturnError
            ``stray-parameter`` when the loss depends on a parameter outside the model;
            ``hidden-state`` when the forward draws from a generator that no checkpoint holds.
        """
        watch = ForwardWatch()
        loss_of_all, loss_summed, divisor, every = 0.0, 0.0, 0.0, True
        summed = [0.0] * len(self._trained)
        total: list[torch.Tensor | None] = [None] * len(self._trained)
        for batch, weight in parts:
            with nullcontext() if state is None else state.kept():
                loss = self._forward(batch, watch, double, chance)
                every = every and loss.count is not None
                if counted and not every:
                    return self.gradient(parts, state, double=double, chance=chance)
                share = (loss.value if counted else loss.mean * weight).reshape(())
                loss_of_all += float(share.detach().double())
                loss_summed += abs(float(share.detach().double()))
                divisor += float(loss.count or 0.0) if counted else 0.0
                # Each by itself, for hooks see the gradient of a part.
                with ConstantRandomness(), _precision(double, backward=True):
                    found = torch.autograd.grad(share, self._trained, allow_unused=True)
            total = [_added(*each) for each in zip(total, found, strict=True)]
            summed = [size + norm(part) for size, part in zip(summed, found, strict=True)]
        if counted:
            loss_of_all = loss_of_all / divisor if divisor else math.nan
            total = [None if each is None else each / divisor for each in total]
            loss_summed, *summed = [size / (divisor or 1.0) for size in (loss_summed, *summed)]
        return Gradient(
            loss_of_all,
            total,
            summed=(loss_summed, summed),
            counted=every,
            written=[n for n, p in zip(self.names, self._trained, strict=True) if watch.wrote(p)],
            differentiates=watch.differentiates,
        )

    def _forward(self, batch: Any, watch: ForwardWatch, double: bool, chance: int | None) -> Loss:
        inputs, targets = pair(move(batch, device_of(self._task)))
        seed_all(chance or 0)
        constant = ConstantRandomness() if chance is None else None
        seeded = python_state()
        with constant or nullcontext(), _precision(double), watch.watching():
            _, loss = counted_loss(self._task, _Forward(self._task, inputs), targets)
        by_python = python_state() != seeded
        self.draws |= by_python
        self.chooses |= by_python
        if constant is not None:
            self.draws |= constant.draws
            self.chooses |= constant.draws and constant.tells
            if constant.draws_unseeded:
                raise _own_generator()
        self._require_owned(loss.value)
        return loss

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


def _own_generator() -> SaturnError:
    return SaturnError(
        "hidden-state",
        "The forward draws random numbers from a generator of its own, which no checkpoint holds.",
        "Draw from PyTorch's global generator, which is seeded for each step; or train by your "
        "own loop: %%saturn task --native.",
    )


def _precision(double: bool, *, backward: bool = False) -> AbstractContextManager[object]:
    return DoublePrecision(backward=backward) if double else nullcontext()


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


def _added(one: torch.Tensor | None, other: torch.Tensor | None) -> torch.Tensor | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other

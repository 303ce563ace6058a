"""Oddities of what is trained: parameters of odd kinds, shared, frozen or idle ones."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...task import Task
from .oddity import Oddity, plain_model, plain_task
from .probe_tasks import FEATURES, WIDTH

_DECAYING = partial(torch.optim.AdamW, lr=1e-2, weight_decay=0.5)


class Scaled(nn.Module):
    """A module whose outputs are scaled by one more parameter."""

    def __init__(self, module: nn.Module, scale: torch.Tensor) -> None:
        super().__init__()
        self.module = module
        self.scale = nn.Parameter(scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.module(x)
        return found * self.scale.to(found.dtype)


class Idle(nn.Module):
    """A module with parameters that it does not use."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.unused = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> Any:
        return self.module(x)


class Experts(nn.Module):
    """One of several layers for each sample: which one is decided by the sample."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(FEATURES, WIDTH) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        chosen = x[:, :3].argmax(1)
        out: torch.Tensor = x.new_zeros(len(x), WIDTH)
        for number, expert in enumerate(self.experts):
            mine = (chosen == number).nonzero().flatten()
            if len(mine) > 0:
                out.index_add_(0, mine, expert(x[mine]))
        return out


def _experts() -> Task:
    model = plain_model()
    model[0] = Experts()
    return plain_task(model)


def _penalised() -> Task:
    def forward(model: nn.Module, inputs: torch.Tensor) -> Any:
        inputs = inputs.clone().requires_grad_(torch.is_grad_enabled())
        return model(inputs), inputs

    def loss(outputs: Any, targets: torch.Tensor) -> torch.Tensor:
        out, inputs = outputs
        found: torch.Tensor = functional.cross_entropy(out, targets)
        if not torch.is_grad_enabled():
            return found
        (slope,) = torch.autograd.grad(out.sum(), inputs, create_graph=True)
        penalty: torch.Tensor = slope.square().sum(1).mean()
        return found + penalty

    return plain_task(forward=forward, loss=loss)


def _scalar() -> Task:
    model = plain_model()
    model[0] = Scaled(model[0], torch.tensor(1.0))
    return plain_task(model)


def _mixed() -> Task:
    model = plain_model()
    model[0] = Scaled(model[0], torch.ones(1, dtype=torch.float64))
    return plain_task(model)


def _tied_blocks() -> Task:
    model = plain_model()
    blocks: Any = model[1]
    blocks[3].down.weight = blocks[0].down.weight
    return plain_task(model)


def _tied_ends() -> Task:
    model = plain_model()
    first, last = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
    last.weight = first.weight
    model[0], model[2] = nn.Sequential(model[0], first), nn.Sequential(last, model[2])
    return plain_task(model)


def _frozen_part() -> Task:
    model = plain_model()
    blocks: Any = model[1]
    for module in (model[0], blocks[0], blocks[2].up):
        module.requires_grad_(False)
    return plain_task(model, optimizer=_DECAYING)


def _idle() -> Task:
    model = plain_model()
    model[0] = Idle(model[0])
    return plain_task(model, optimizer=_DECAYING)


def _blockless() -> Task:
    model = plain_model()
    model[1] = nn.Tanh()
    return plain_task(model)


ODD_PARAMETERS = (
    Oddity(
        name="scalar-parameter",
        promise="A parameter without a dimension is trained.",
        make=_scalar,
    ),
    Oddity(
        name="mixed-types",
        promise="Parameters of different types are trained.",
        make=_mixed,
    ),
    Oddity(
        name="tied-blocks",
        promise="A weight that blocks share is one.",
        make=_tied_blocks,
    ),
    Oddity(
        name="tied-ends",
        promise="A weight used before and after the blocks is one.",
        make=_tied_ends,
        stops=True,
    ),
    Oddity(
        name="frozen-part",
        promise="Frozen parameters stay as they are.",
        make=_frozen_part,
        stops=True,
    ),
    Oddity(
        name="idle-parameter",
        promise="A parameter that takes no part in the loss stays as it is.",
        make=_idle,
        lacks=frozenset({"every-gradient"}),
        stops=True,
    ),
    Oddity(
        name="experts",
        promise="A layer that only some samples go through is trained by them.",
        make=_experts,
        lacks=frozenset({"every-gradient", "constant-graph"}),
    ),
    Oddity(
        name="gradient-penalty",
        promise="A loss that computes gradients itself is trained.",
        make=_penalised,
        lacks=frozenset({"one-backward"}),
    ),
    Oddity(
        name="blockless",
        promise="A model without blocks is trained.",
        make=_blockless,
    ),
)

"""Optimizers must be made anew of other parameters than the model's, and of some of them."""

from __future__ import annotations

import operator
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.training.adapters import adapt
from jupyterlab_saturn.training.adapters.optimizer_instance import made_anew
from jupyterlab_saturn.training.components.optimizer_factory import (
    make_optimizer,
    why_not_remade,
)
from jupyterlab_saturn.training.components.state_dicts import optimizer_state
from torch import nn
from training_tasks import mlp


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def trained(net: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return list(net.named_parameters())


def test_groups_by_identity_and_by_what_is_written_on_parameters_are_told_by_name() -> None:
    net: Any = model()
    net[2].weight.slow = True
    head = {id(p) for p in net[2].parameters()}

    def groups(named: Any) -> Any:
        return [
            {"params": [p for _, p in named if id(p) in head], "lr": 0.5},
            {"params": [p for _, p in named if id(p) not in head], "lr": 0.1},
        ]

    task = adapt(mlp(model=net, parameter_groups=groups))
    others = [(name, nn.Parameter(p.detach().clone())) for name, p in trained(net)]
    made = make_optimizer(task, others)
    rates = {id(p): group["lr"] for group in made.param_groups for p in group["params"]}
    assert [rates[id(p)] for _, p in others] == [0.1, 0.1, 0.5, 0.5]
    assert why_not_remade(task, trained(net), in_parts=True) is None


def test_an_optimizer_of_all_it_is_given_can_be_remade() -> None:
    net = model()
    assert why_not_remade(mlp(model=net), trained(net), in_parts=True) is None


def test_one_that_looks_at_more_cannot() -> None:
    net: Any = model()
    net[2].weight.slow = True

    def optimizer(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            [{"params": [p], "lr": 0.01 if hasattr(p, "slow") else 0.1} for p in parameters]
        )

    task = mlp(model=net, optimizer=optimizer)
    reason = why_not_remade(task, trained(net), in_parts=False)
    assert "more than their names and shapes" in str(reason)


@pytest.mark.parametrize("early", [True, False])
def test_one_that_ignores_what_it_is_given_cannot(early: bool) -> None:
    """Unless it looks at the model each time, which then has the others, though all of them."""
    net = model()
    held = list(net.parameters())

    def optimizer(_: Any) -> torch.optim.Optimizer:
        return torch.optim.SGD(held if early else net.parameters(), lr=0.1)

    task = mlp(model=net, optimizer=optimizer)
    assert "the very parameters" in str(why_not_remade(task, trained(net), in_parts=True))
    whole = why_not_remade(task, trained(net), in_parts=False)
    assert (whole is not None) is early
    assert all(map(operator.is_, net.parameters(), held))
    make_optimizer(task, trained(net))
    copies = [(name, nn.Parameter(p.detach().clone())) for name, p in trained(net)]
    with pytest.raises(SaturnError, match="from elsewhere"):
        make_optimizer(task, copies)


@pytest.mark.parametrize("kind", [torch.optim.Adagrad, torch.optim.SparseAdam])
def test_an_optimizer_with_a_state_of_its_own_kind_is_taken_and_saved(kind: Any) -> None:
    """Adagrad has one before its first step; SparseAdam makes none of dense gradients."""
    words = torch.nn.Embedding(4, 2, sparse=True)
    make, groups = made_anew(kind(list(words.parameters()), lr=0.1), words)
    optimizer = make(groups(list(words.named_parameters())))
    before = words.weight.detach().clone()
    state = optimizer_state(words, optimizer)
    assert state["state.weight.step"] == 0
    torch.testing.assert_close(words.weight.detach(), before)
    words(torch.tensor([1])).sum().backward()
    optimizer.step()
    assert optimizer_state(words, optimizer)["state.weight.step"] == 1
    with pytest.raises(SaturnError, match="has made steps already"):
        made_anew(optimizer, words)

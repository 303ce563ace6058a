"""Adam's step by one kernel is Adam's step."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from jupyterlab_saturn.training.fusion.adam_kernel import by_one_kernel
from torch import nn

STEPS = 40


def parameters() -> list[nn.Parameter]:
    draw = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=draw)) for shape in ((8, 48), (48, 8), (5,))]


def trained(
    make: Any, *, at_once: bool, steps: int = STEPS
) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
    own = parameters()
    optimizer: torch.optim.Optimizer = make(own)
    draw = torch.Generator().manual_seed(1)
    for step in range(steps):
        for parameter in own:
            parameter.grad = torch.randn(parameter.shape, generator=draw) * 10.0 ** -(step % 7)
        if at_once:
            with by_one_kernel(optimizer):
                optimizer.step()
        else:
            optimizer.step()
    return own, optimizer


@pytest.mark.parametrize(
    "make",
    [
        lambda own: torch.optim.AdamW(own, lr=3e-3, weight_decay=0.1),
        lambda own: torch.optim.Adam(own, lr=3e-3, betas=(0.8, 0.95), amsgrad=True, maximize=True),
        lambda own: torch.optim.AdamW([{"params": own[:1], "lr": 1e-1}, {"params": own[1:]}]),
    ],
)
def test_it_comes_to_the_same(make: Any) -> None:
    one, by_itself = trained(make, at_once=False)
    other, optimizer = trained(make, at_once=True)
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)
    # What is kept is what would be kept, so that either way goes on with it.
    assert optimizer.state_dict()["param_groups"] == by_itself.state_dict()["param_groups"]
    for mine, its in zip(one, other, strict=True):
        torch.testing.assert_close(
            by_itself.state[mine], optimizer.state[its], rtol=1e-5, atol=1e-8, check_layout=True
        )


class _Own(torch.optim.AdamW):
    """Of a user's, which may do anything."""


@pytest.mark.parametrize(
    "make",
    [
        lambda own: torch.optim.AdamW(own, foreach=False),
        lambda own: torch.optim.AdamW(own, foreach=True),
        lambda own: torch.optim.AdamW(own, lr=torch.tensor(1e-3)),
        lambda own: torch.optim.SGD(own, lr=1e-3),
        lambda own: _Own(own),
    ],
)
def test_what_is_told_how_to_step_or_is_no_adam_does_as_ever(make: Any) -> None:
    one, _ = trained(make, at_once=False, steps=3)
    other, optimizer = trained(make, at_once=True, steps=3)
    assert all(torch.equal(mine, its) for mine, its in zip(one, other, strict=True))
    with by_one_kernel(optimizer):
        assert not any(group.get("fused") for group in optimizer.param_groups)


def test_an_error_in_a_step_leaves_the_optimizer_as_it_was() -> None:
    optimizer = torch.optim.AdamW(parameters())
    with pytest.raises(RuntimeError, match="oops"), by_one_kernel(optimizer):
        raise RuntimeError("oops")
    assert [group["fused"] for group in optimizer.param_groups] == [None]


def test_parameters_that_lie_otherwise_than_their_gradients_are_stepped_right() -> None:
    def stepped(*, at_once: bool) -> torch.Tensor:
        draw = torch.Generator().manual_seed(0)
        parameter = nn.Parameter(torch.randn(8, 48, generator=draw).t())
        parameter.grad = torch.randn(48, 8, generator=draw)
        optimizer = torch.optim.Adam([parameter], lr=1e-2)
        with by_one_kernel(optimizer) if at_once else nullcontext():
            optimizer.step()
        return parameter.detach()

    torch.testing.assert_close(stepped(at_once=True), stepped(at_once=False))

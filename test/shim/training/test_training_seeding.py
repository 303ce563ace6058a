"""Seeding costs next to nothing: it is done for every micro-batch and block."""

from __future__ import annotations

import torch
from jupyterlab_saturn.training.components.seeding import seed_all, undisturbed


def test_seeds_as_torch_does() -> None:
    with undisturbed():
        torch.manual_seed(5)
        expected = torch.rand(3)
        seed_all(5)
        assert torch.equal(torch.rand(3), expected)


def test_leaves_nothing_to_be_done_when_cuda_starts() -> None:
    before = len(torch.cuda._queued_calls)
    with undisturbed():
        for seed in range(10):
            seed_all(seed)
    assert len(torch.cuda._queued_calls) == before


def test_what_is_drawn_undisturbed_leaves_no_trace() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with undisturbed():
        torch.rand(100)
    assert torch.equal(torch.rand(3), expected)

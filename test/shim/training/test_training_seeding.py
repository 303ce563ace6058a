"""Seeding costs next to nothing: it is done for every micro-batch and block."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


WITHOUT_NUMPY = """
import sys

sys.modules["numpy"] = None
import torch
from jupyterlab_saturn.training.components.seeding import global_state
from jupyterlab_saturn.training.model.twin import twin_key
from training_tasks import mlp

before = global_state()
assert global_state() == before
torch.rand(1)
assert global_state() != before
task = mlp()
batch = torch.stack([task.data[0][0]]), torch.stack([task.data[0][1]])
key = twin_key(task, "abc", batch)
assert key is not None and twin_key(task, "abc", batch) == key
with torch.no_grad():
    task.model[0].bias[0] += 1
assert twin_key(task, "abc", batch) != key
"""


def test_needs_no_numpy() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_NUMPY],
        env={"PYTHONPATH": ":".join([*sys.path, str(Path(__file__).parents[1])])},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr

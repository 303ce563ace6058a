"""What one device needs is looked for first: less is found than by all, but no less is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.inspect.feasibility import judge, judge_alone
from jupyterlab_saturn.training.inspect.found import Found, found_by_running
from jupyterlab_saturn.training.runtime.rank_request import RankRequest
from jupyterlab_saturn.training.task.epoch_order import first_batch
from jupyterlab_saturn.training.task.samples import Samples
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset
from training_tasks import mlp

FIRST = RankRequest(
    kind="inspect",
    job="inspect",
    events=Path("events"),
    paths=SessionPaths.of_folder("session"),
    tasks=(),
    requested_at=0.0,
    max_devices=2,
    device_bytes=1 << 33,
    look="first",
)
WHOLE = replace(FIRST, look=None)


def found(task: Task, request: RankRequest) -> Found:
    torch.set_num_threads(1)
    samples = Samples(task.data, task.collate, 1)
    batch = samples.batch(first_batch(task, samples.count))
    return found_by_running(task, samples, batch, request)


class Remembering(nn.Linear):
    """Starts where the last batch ended."""

    last = 0.0

    def forward(self, x: torch.Tensor) -> Any:
        out = super().forward(x) + self.last
        self.last = float(out.detach().mean())
        return out


class Counting(nn.Linear):
    calls = 0

    def forward(self, x: torch.Tensor) -> Any:
        self.calls += 1
        return super().forward(x) * (1.0 if self.calls < 1000 else 0.5)


class Drawing(nn.Linear):
    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.generator = torch.Generator()

    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x) + torch.rand(3, generator=self.generator)


class Narrow(nn.Linear):
    """Takes few samples at a time."""

    def forward(self, x: torch.Tensor) -> Any:
        if len(x) > 16:
            raise ValueError("too many samples")
        return super().forward(x)


def stray() -> Callable[..., Any]:
    weight = nn.Parameter(torch.ones(3))
    return lambda outputs, targets: functional.cross_entropy(outputs * weight, targets)


def counting_loss() -> Callable[..., Any]:
    counts = {"step": 0}

    def loss(outputs: Any, targets: Any) -> Any:
        counts["step"] += 1
        return functional.cross_entropy(outputs, targets) * (1 + (counts["step"] % 50 == 0))

    return loss


NORMED = [nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)]
NINE = TensorDataset(torch.randn(9, 6), torch.arange(9) % 3)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("hidden-state", lambda: {"model": Remembering(6, 3)}),
        ("hidden-state", lambda: {"model": Counting(6, 3)}),
        ("hidden-state", lambda: {"model": Drawing(6, 3)}),
        ("hidden-state", lambda: {"loss": counting_loss()}),
        ("stray-parameter", lambda: {"loss": stray()}),
        ("forward-failed", lambda: {"model": Narrow(6, 3), "batch_size": 20}),
        ("forward-failed", lambda: {"model": nn.Linear(5, 3)}),
        ("bad-loss", lambda: {"loss": lambda outputs, _: outputs}),
        (
            "bad-batch",
            lambda: {
                "model": nn.Sequential(*NORMED),
                "data": NINE,
                "batch_size": 4,
                "drop_last": False,
            },
        ),
        (
            "bad-task",
            lambda: {
                "loss": lambda outputs, _: outputs.std(),
                "micro_batches": 2,
            },
        ),
    ],
)
def test_whatever_is_refused_is_refused_at_first(code: str, fields: Any) -> None:
    for request in (WHOLE, FIRST):
        with pytest.raises(SaturnError) as caught:
            found(mlp(**fields()), request)
        assert caught.value.code == code


def test_a_plain_task_may_be_trained_on_one_device_by_what_is_found_first() -> None:
    task = mlp()
    begun = found(task, FIRST)
    assert begun.partial and begun.dry_run is None
    [alone] = judge_alone(task, FIRST)
    assert alone == {"strategy": {"technique": "single", "devices": 1}, "feasible": True}
    every = found(mlp(), WHOLE)
    assert not every.partial and every.dry_run is not None
    known = [verdict["strategy"] for verdict in judge(task, WHOLE, every.probed, every.dry_run)]
    assert alone["strategy"] in known and {"technique": "ddp", "devices": 2} in known


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (WHOLE, {}),
        (replace(FIRST, look="rest"), {}),
        (replace(FIRST, device_kind="cuda"), {}),
        (replace(FIRST, device_bytes=1 << 12), {}),
        (FIRST, {"micro_batches": 2}),
    ],
)
def test_all_is_looked_at_where_that_is_asked_for_or_memory_is_to_be_known(
    request_: RankRequest, fields: Any
) -> None:
    assert not found(mlp(**fields), request_).partial


def test_a_model_is_left_as_it_was() -> None:
    task = mlp(model=nn.Sequential(*NORMED))
    before = {name: value.clone() for name, value in task.model.state_dict().items()}
    random = torch.get_rng_state()
    assert found(task, FIRST).partial
    after = task.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert torch.equal(random, torch.get_rng_state())

"""The estimate of memory rules out only what cannot run."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.inspect.dry_run import dry_run
from jupyterlab_saturn.training.model.activation_memory import ActivationMemory
from jupyterlab_saturn.training.model.blocks import find_blocks
from jupyterlab_saturn.training.model.memory_estimate import MemoryEstimate
from jupyterlab_saturn.training.task.samples import Samples
from nightly import nightly
from ranks import MEGABYTE, Session, virtual_device
from torch import nn
from torch.utils.data import TensorDataset
from training_tasks import mlp


def large(kind: str) -> Any:
    """Models that take 100 MB or more, of parameters, of activations or of both."""
    from functools import partial

    import torch
    from jupyterlab_saturn.task import Task
    from torch import nn
    from torch.utils.data import TensorDataset

    def task(model: Any, inputs: Any, targets: Any, batch_size: int, **fields: Any) -> Any:
        return Task(
            model=model,
            data=TensorDataset(inputs, targets),
            batch_size=batch_size,
            **{
                "loss": nn.functional.cross_entropy,
                "optimizer": partial(torch.optim.AdamW, lr=1e-3),
                **fields,
            },
        )

    def labels(count: int) -> Any:
        return torch.zeros(count, dtype=torch.int64)

    if kind == "wide":  # parameters
        model = nn.Sequential(*(nn.Linear(1024, 1024) for _ in range(8)), nn.Linear(1024, 3))
        return task(model, torch.randn(16, 1024), labels(16), 8)
    if kind == "deep":  # activations
        layers = [nn.Sequential(nn.Linear(64, 64), nn.Tanh()) for _ in range(24)]
        return task(nn.Sequential(*layers), torch.randn(32768, 64), labels(32768), 16384)
    if kind == "images":
        model = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
        )  # fmt: skip
        images = torch.randn(128, 3, 48, 48)
        return task(model, images, labels(128), 64, optimizer=partial(torch.optim.SGD, lr=0.1))
    layer = nn.TransformerEncoderLayer(128, 4, 256, dropout=0.0, batch_first=True)
    text = nn.Sequential(nn.Embedding(500, 128), nn.TransformerEncoder(layer, 4))
    tokens = torch.randint(0, 500, (64, 64))
    return task(
        nn.Sequential(text, nn.Linear(128, 500), nn.Flatten(0, 1)),
        tokens,
        tokens,
        32,
        loss=lambda outputs, targets: nn.functional.cross_entropy(outputs, targets.flatten()),
    )


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.mark.parametrize(
    ("kind", "technique", "devices"),
    [
        pytest.param("wide", "single", 1, marks=nightly),
        pytest.param("wide", "ddp", 2, marks=nightly),
        ("wide", "fsdp", 2),
        pytest.param("deep", "single", 1, marks=nightly),
        ("deep", "ddp", 2),
        ("images", "single", 1),
        pytest.param("text", "single", 1, marks=nightly),
    ],
)
def test_what_is_estimated_not_to_fit_does_not(
    session: Session, kind: str, technique: str, devices: int
) -> None:
    spec = session.spec(large, kind=kind)
    group = session.inspect([spec], devices)
    assert group.wait() == [0], group.log
    verdict = next(
        verdict
        for verdict in group.events[0]["result"]["inspection"]["feasibility"]
        if verdict["feasible"] and verdict["strategy"]["technique"] == technique
    )
    # A strategy is ruled out on devices smaller than that.
    memory = int(verdict["estimateBytes"] / 1.15)
    assert memory > 30 * MEGABYTE
    group = session.trial(
        spec,
        technique,
        devices,
        strategy=verdict["strategy"],
        devices=[virtual_device(index, memory) for index in range(devices)],
    )
    group.wait()
    kinds = {event["kind"] for event in group.events}
    assert kinds == {"oom"}, [event.get("error") for event in group.events]


def footprint(task: Task) -> MemoryEstimate:
    found = dry_run(task, Samples(task.data, task.collate, seed=1), "cpu")
    assert found is not None
    return found.footprint


def test_the_parts_of_the_memory_are_told_apart() -> None:
    model = nn.Sequential(nn.Linear(6, 10), nn.BatchNorm1d(10), nn.Linear(10, 3))
    model[0].requires_grad_(False)
    found = footprint(mlp(model=model, optimizer=torch.optim.Adam))
    assert found.trained == 4 * (10 + 10 + 10 * 3 + 3)
    assert found.frozen == 4 * (6 * 10 + 10) + 4 * (10 + 10) + 8
    assert found.optimizer == 2 * found.trained + 4 * 4  # and a step for each parameter
    assert footprint(mlp(model=model, optimizer=torch.optim.SGD)).optimizer == 0


@pytest.mark.parametrize("change", [{}, {"micro_batches": 2}, {"precision": "bfloat16"}])
def test_a_dry_run_keeps_what_a_real_forward_keeps(change: Any) -> None:
    task = mlp(**change)
    samples = 8 // task.micro_batches
    inputs, targets = torch.zeros(samples, 6), torch.zeros(samples, dtype=torch.int64)
    with ActivationMemory(task.model, find_blocks(task.model, None)) as kept:
        with torch.autocast("cpu", torch.bfloat16, enabled=task.precision == "bfloat16"):
            loss: Any = task.loss(task.model(inputs), targets)
        real = kept.bytes()
    assert loss.requires_grad
    found = footprint(task)
    assert (found.activations, found.checkpointed) == real
    assert found.checkpointed < found.activations


def test_blocks_are_found_in_the_memory() -> None:
    found = footprint(mlp())
    assert found.largest_block == 4 * (10 * 10 + 10)
    whole = footprint(mlp(model=nn.Linear(6, 3)))
    assert whole.largest_block == whole.trained
    assert whole.checkpointed == whole.activations


def test_a_dry_run_takes_no_memory() -> None:
    layers = [nn.Sequential(nn.Linear(6, 1 << 16), nn.Tanh(), nn.Linear(1 << 16, 6))] * 3
    data = TensorDataset(torch.zeros(1 << 16, 6), torch.zeros(1 << 16, dtype=torch.int64))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = footprint(mlp(model=nn.Sequential(*layers), data=data, batch_size=1 << 16))
    assert found.activations > 48 << 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10

"""Ranks that get all parameters from another do not hold the model in memory."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.parameters_on_meta import parameters_on_meta
from jupyterlab_saturn.training.conformance.test_bench import task_spec
from jupyterlab_saturn.training.run.built_once import build_once
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup
from jupyterlab_saturn.training.runtime.workload_spec import WorkloadSpec
from jupyterlab_saturn.training.techniques import TECHNIQUES, Context
from nightly import nightly
from test_gpu_parameters_on_meta import WIDTH, tied
from torch import nn
from training_tasks import mlp


class Ranks(ProcessGroup):
    """One rank of two, which is told what the other drew."""

    def __init__(self, rank: int, other: Any) -> None:
        super().__init__(rank, 2)
        self.other = other
        self.drawn: Any = None

    def gather(self, value: Any) -> list[Any]:
        self.drawn = value
        return [self.other, value]


def built(tmp_path: Path, factory: Callable[[], Task]) -> tuple[Task, Task]:
    """A task as rank 0 and as rank 1 of two build it."""
    paths = SessionPaths("s", tmp_path).ensure()
    strategy: Any = {"technique": "fsdp", "devices": 2}
    spec = WorkloadSpec(task=task_spec(paths, factory, "task"), strategy=strategy, paths=paths)
    root = Ranks(0, None)
    first = build_once(spec, root)
    return first, build_once(spec, Ranks(1, root.drawn))


def test_the_model_is_in_memory_once(tmp_path: Path) -> None:
    first, second = built(tmp_path, lambda: mlp())
    assert not any(parameter.is_meta for parameter in first.model.parameters())
    assert all(parameter.is_meta for parameter in second.model.parameters())
    assert torch.equal(first.data[3][0], second.data[3][0])


def test_a_factory_that_looks_at_numbers_has_some(tmp_path: Path) -> None:
    def factory() -> Task:
        task = mlp()
        task.model.scale = float(next(task.model.parameters()).detach().abs().max())
        return task

    first, second = built(tmp_path, factory)
    assert not any(parameter.is_meta for parameter in second.model.parameters())
    assert first.model.scale == second.model.scale


def test_a_factory_that_comes_out_of_it_otherwise_has_some(tmp_path: Path) -> None:
    def factory() -> Task:
        task = mlp()
        if not next(task.model.parameters()).is_meta:
            torch.rand(1)
        return task

    _, second = built(tmp_path, factory)
    assert not any(parameter.is_meta for parameter in second.model.parameters())


@pytest.mark.parametrize("technique", ["ddp", "fsdp", "hsdp", "offload"])
def test_those_that_take_all_from_rank_0_say_so(technique: str) -> None:
    assert TECHNIQUES[technique].from_root


@pytest.mark.parametrize("technique", ["single", "pipeline", "tensor", "fsdp-tensor"])
def test_others_do_not(technique: str) -> None:
    assert not TECHNIQUES[technique].from_root


def test_what_comes_from_rank_0_takes_the_place_wherever_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        ProcessGroup,
        "from_root",
        lambda self, tensor, device: torch.full_like(tensor, 7.0, device=device),
    )
    with parameters_on_meta():
        model = tied()
        buffered = nn.BatchNorm1d(2)
    model.norm = buffered
    held = list(model.parameters())
    context = Context(world=ProcessGroup(1, 2), device=torch.device("cpu"), steps=1)
    context.unify(model.inner)
    assert model.inner.weight is model.one is model.two
    assert model.one.kept
    assert model.inner.bias.tolist() == [7.0] * WIDTH
    assert model.norm.weight.is_meta
    context.unify(model)
    assert model.norm.weight.tolist() == [7.0, 7.0]
    assert model.norm.running_mean.tolist() == [7.0, 7.0]
    assert all(one is other for one, other in zip(held, model.parameters(), strict=False))
    assert all(isinstance(each, nn.Parameter) and each.requires_grad for each in held)


def teacher_in_forward(task: Task) -> Task:
    teacher = copy.deepcopy(task.model)
    return replace(task, forward=lambda model, x: model(x) + teacher(x))


def loss_with_parameters(task: Task) -> Task:
    scale, loss = nn.Linear(1, 1), task.loss
    return replace(task, loss=lambda outputs, targets: scale.bias * loss(outputs, targets))


def buffer_of_weights(task: Task) -> Task:
    weight = next(task.model.parameters())
    task.model.register_buffer("average", weight.detach().clone())
    return task


def view_of_weights(task: Task) -> Task:
    task.model.anchor = next(task.model.parameters()).detach()
    return task


def hook_on_a_gradient(task: Task) -> Task:
    next(task.model.parameters()).register_hook(lambda gradient: gradient * 0.5)
    return task


def weak_reference(task: Task) -> Task:
    task.model.anchor = weakref.ref(next(task.model.parameters()))
    return task


@pytest.mark.parametrize(
    "change",
    [
        teacher_in_forward,
        pytest.param(loss_with_parameters, marks=nightly),
        buffer_of_weights,
        pytest.param(view_of_weights, marks=nightly),
        pytest.param(hook_on_a_gradient, marks=nightly),
        weak_reference,
    ],
)
def test_what_is_beside_the_model_has_numbers(
    tmp_path: Path, change: Callable[[Task], Task]
) -> None:
    _, second = built(tmp_path, lambda: change(mlp()))
    assert not any(parameter.is_meta for parameter in second.model.parameters())

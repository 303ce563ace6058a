"""A task that goes on where another was, with values of its own: as if it had been that one."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.components.state_dicts import settings_in
from jupyterlab_saturn.training.task.data_order import TrainBatches
from jupyterlab_saturn.training.task.factory import build_task
from jupyterlab_saturn.training.task.samples import Samples
from ranks import Group, Session, finish
from training_tasks import mlp

STEP = 5
KEPT = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def by_epoch(lr: float) -> Task:
    def halving(optimizer: Any, steps: int) -> Any:
        return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)

    return mlp(lr, schedule=halving, schedule_every="epoch")


def by_metric(lr: float) -> Task:
    def halving(optimizer: Any, steps: int) -> Any:
        return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)

    return mlp(lr, schedule=halving, validate_every=1)


def noisy(lr: float) -> Task:
    return mlp(lr, augment=True, schedule=None)


def stop(group: Group) -> None:
    assert set(group.wait()) == {0}, group.log
    assert group.of("stopped")[-1]["step"] == STEP


def parent(
    session: Session, name: str, technique: str, world: int, factory: Any = mlp, **params: Any
) -> Json:
    """A task trained up to a step, whose checkpoint is kept as the engine keeps it."""
    spec = session.spec(factory, name, **params)
    stop(session.train(spec, technique, world, until=STEP))
    target = session.paths.weights(KEPT)
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    saved = session.paths.checkpoints(spec["name"]) / f"step-{STEP:09d}-1"
    shutil.copytree(saved, target)
    return spec


def member(session: Session, of: Json, name: str, factory: Any = mlp, **params: Any) -> Json:
    """The task that goes on where another was."""
    spec = session.spec(factory, name, **params)
    spec["hash"] += f" from {of['name']}"
    spec["warmStart"] = {
        "task": of["name"],
        "hash": of["hash"],
        "step": STEP,
        "continues": True,
        "seed": of["seed"],
        "checkpoints": [KEPT],
    }
    return spec


@pytest.mark.parametrize("factory", [mlp, by_epoch, by_metric, noisy])
def test_with_the_same_values_it_is_trained_to_the_same_bits(
    session: Session, factory: Any
) -> None:
    first = parent(session, f"parent-{factory.__name__}", "single", 1, factory, lr=2e-2)
    spec = member(session, first, f"member-{factory.__name__}", factory, lr=2e-2)
    group = session.train(spec, "single")
    finish(group)
    finish(session.train(first, "single", attempt=2))
    assert group.of("started")[0]["step"] == STEP
    assert list(session.steps(spec)) == list(range(STEP + 1, 13))
    expected, weights = session.weights(first), session.weights(spec)
    assert list(weights) == list(expected)
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())


def test_it_goes_on_with_its_own_values(session: Session) -> None:
    first = parent(session, "parent-own", "single", 1, lr=1e-2)
    spec = member(session, first, "member-own", lr=3e-2)
    finish(session.train(spec, "single"))
    expected = plain_loop(session, first, spec)
    for name, tensor in session.weights(spec).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-6, atol=1e-7)


def plain_loop(session: Session, first: Json, spec: Json) -> dict[str, Any]:
    """The weights of a loop that trains by one task's values up to a step, then by another's."""
    before: Any = None
    for trained, steps in ((first, range(STEP)), (spec, range(STEP, 12))):
        cold: Any = {name: value for name, value in trained.items() if name != "warmStart"}
        task = build_task(session.paths, cold)
        optimizer = task.optimizer(task.model.parameters())
        assert task.schedule is not None
        schedule: Any = task.schedule(optimizer, 12)
        with warnings.catch_warnings(action="ignore"):
            for _ in range(steps.start):
                schedule.step()
        if before is not None:
            task.model.load_state_dict(before[0])
            own = [{**group, "params": []} for group in optimizer.param_groups]
            optimizer.load_state_dict(before[1])
            for group, mine in zip(optimizer.param_groups, own, strict=True):
                group.update({key: value for key, value in mine.items() if key != "params"})
        batches = TrainBatches(task, Samples(task.data, task.collate, 0), cold["seed"], 0, 1, 1)
        for step in steps:
            [micro] = batches.micro_batches(step)
            inputs, targets = micro.batch
            task.loss(task.model(inputs), targets).backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
        before = task.model.state_dict(), optimizer.state_dict()
    weights: dict[str, Any] = before[0]
    return weights


@pytest.mark.parametrize(("begun", "goes_on"), [("ddp", "fsdp"), ("fsdp", "single")])
def test_it_goes_on_in_any_layout(session: Session, begun: str, goes_on: str) -> None:
    first = parent(session, f"parent-{begun}", begun, 2)
    spec = member(session, first, f"member-{begun}", lr=3e-2)
    finish(session.train(spec, goes_on, 1 if goes_on == "single" else 2))
    expected = plain_loop(session, first, spec)
    for name, tensor in session.weights(spec).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-5, atol=1e-6)


def test_what_it_has_saved_itself_it_goes_on_from(session: Session) -> None:
    first = parent(session, "parent-again", "single", 1)
    spec = member(session, first, "member-again", lr=3e-2)
    stop(session.train(spec, "single", until=STEP))
    assert (session.paths.checkpoints(spec["name"]) / f"step-{STEP:09d}-1").exists()
    shutil.rmtree(session.paths.weights(KEPT) / "manifest.json", ignore_errors=True)
    finish(session.train(spec, "single", attempt=2))
    expected = plain_loop(session, first, spec)
    for name, tensor in session.weights(spec).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-6, atol=1e-7)


def test_a_checkpoint_that_is_gone_is_said(session: Session) -> None:
    first = parent(session, "parent-gone", "single", 1)
    spec = member(session, first, "member-gone")
    (session.paths.weights(KEPT) / "manifest.json").unlink()
    group = session.train(spec, "single")
    group.wait()
    assert group.of("failed")[-1]["error"]["code"] == "no-weights"


class Averaging(torch.optim.SGD):
    """One that keeps what its steps have made of it among its settings, as some do."""

    def __init__(self, parameters: Any, lr: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(parameters, lr, *args, **kwargs)
        self.defaults["seen"] = 0
        for group in self.param_groups:
            group["seen"] = 0


def test_settings_are_what_the_optimizer_is_made_with() -> None:
    optimizer = Averaging([torch.nn.Parameter(torch.zeros(1))], 0.1, momentum=0.9)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    told = {f"param_groups.w.{name}": value for name, value in optimizer.param_groups[0].items()}
    found = settings_in({**told, "state.w.momentum_buffer": 1}, optimizer)
    names = {name.removeprefix("param_groups.w.") for name in found}
    assert {"lr", "momentum", "weight_decay", "initial_lr"} <= names
    assert "seen" not in names
    assert all(name.startswith("param_groups.") for name in found)

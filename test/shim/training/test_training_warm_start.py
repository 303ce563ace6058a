"""A task that begins with the weights of another: they are what it trains on, in any layout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.task.data_order import TrainBatches
from jupyterlab_saturn.training.task.factory import build_task
from jupyterlab_saturn.training.task.samples import Samples
from ranks import Session, finish
from training_tasks import mlp

WORLDS = {"single": 1, "ddp": 2, "fsdp": 2}
KEPT = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.fixture(scope="module", params=["single", "fsdp"])
def parent(session: Session, request: pytest.FixtureRequest) -> Json:
    """A trained task, whose weights are kept as the engine keeps them."""
    technique = str(request.param)
    spec = session.spec(mlp, f"parent-{technique}", lr=1e-2)
    finish(session.train(spec, technique, WORLDS[technique]))
    keep(session, spec, 12)
    return spec


def keep(session: Session, spec: Json, step: int, name: str = KEPT) -> None:
    target = session.paths.weights(name)
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    saved = session.paths.checkpoints(spec["name"])
    shutil.copytree(saved / "final" / f"step-{step:09d}-1", target)


def clone(session: Session, parent: Json, name: str, factory: Any = mlp, **params: Any) -> Json:
    spec = session.spec(factory, name, **params)
    spec["hash"] += f" from {parent['name']}"
    spec["seed"] = 3
    spec["warmStart"] = {
        "task": parent["name"],
        "hash": parent["hash"],
        "step": 12,
        "seed": parent["seed"],
        "checkpoints": [*parent.get("warmStart", {}).get("checkpoints", []), KEPT],
    }
    return spec


def plain_loop(session: Session, spec: Json, weights: dict[str, Any]) -> tuple[float, Any]:
    """The first loss and the last weights of a loop that loads weights into the model itself."""
    cold = {name: value for name, value in spec.items() if name != "warmStart"}
    task = build_task(session.paths, {**cold, "seed": spec["warmStart"]["seed"]})  # type: ignore[typeddict-item]
    task.model.load_state_dict(weights)
    optimizer = task.optimizer(task.model.parameters())
    assert task.schedule is not None
    schedule: Any = task.schedule(optimizer, 12)
    batches = TrainBatches(task, Samples(task.data, task.collate, 3), 3, 0, 1, 1)
    first: float | None = None
    for step in range(12):
        [micro] = batches.micro_batches(step)
        inputs, targets = micro.batch
        loss = task.loss(task.model(inputs), targets)
        first = loss.item() if first is None else first
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    assert first is not None
    return first, task.model.state_dict()


@pytest.mark.parametrize("technique", ["single", "ddp", "fsdp"])
def test_it_trains_as_a_plain_loop_that_loads_these_weights(
    session: Session, parent: Json, technique: str
) -> None:
    spec = clone(
        session,
        parent,
        f"{parent['name']}-{technique}",
        lr=3e-2,
        record=str(session.record),
    )
    session.record.unlink(missing_ok=True)
    finish(session.train(spec, technique, WORLDS[technique]))
    seen = [line.split() for line in session.record.read_text().splitlines()]
    firsts = [float(value) for call, value in seen if call == "0"]
    first, expected = plain_loop(session, spec, session.weights(parent))
    assert sum(firsts) / len(firsts) == pytest.approx(first, rel=1e-5)
    weights = session.weights(spec)
    assert list(weights) == list(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-6)


def head(width: int = 4, seed_used: str = "", freeze: bool = True) -> Task:
    """A frozen body that the factory draws, and a head."""
    from functools import partial

    import torch
    from torch import nn
    from torch.utils.data import TensorDataset

    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, width))
    model[0].requires_grad_(not freeze)
    inputs = torch.randn(16, 3)
    if seed_used:
        with open(seed_used, "a") as file:
            file.write(f"{model[0].weight.sum().item()!r}\n")
    return Task(
        model=model,
        data=TensorDataset(inputs, torch.randn(16, width)),
        loss=nn.functional.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=0.1),
        batch_size=8,
        steps=2,
    )


@pytest.fixture
def headed(session: Session) -> Json:
    spec = session.spec(head, "headed")
    finish(session.train(spec, "single", steps=2))
    keep(session, spec, 2)
    return spec


def test_what_is_in_no_checkpoint_is_drawn_as_it_was_for_its_parent(
    session: Session, headed: Json
) -> None:
    spec = clone(session, headed, "headed-again", head)
    finish(session.train(spec, "single", steps=2))
    first, again = session.weights(headed), session.weights(spec)
    torch.testing.assert_close(again["0.weight"], first["0.weight"], rtol=0, atol=0)
    assert not torch.equal(again["2.weight"], first["2.weight"])


def test_a_clone_of_a_clone_begins_with_what_both_have_trained(
    session: Session, headed: Json
) -> None:
    whole = clone(session, {**headed, "warmStart": {"checkpoints": []}}, "whole", head)
    other = session.spec(head, "other", freeze=False)
    finish(session.train(other, "single", steps=2))
    keep(session, other, 2, "f" * 32)
    # Trained as a whole, then its head only, then the head of that.
    middle = clone(session, other, "middle", head)
    middle["warmStart"]["checkpoints"] = ["f" * 32]
    finish(session.train(middle, "single", steps=2))
    keep(session, middle, 2)
    whole = clone(session, middle, "last", head)
    assert whole["warmStart"]["checkpoints"] == ["f" * 32, KEPT]
    finish(session.train(whole, "single", steps=2))
    body = session.weights(other)["0.weight"]
    torch.testing.assert_close(session.weights(whole)["0.weight"], body, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"width": 5}, "2.weight ([4, 4], here [5, 4]), 2.bias ([4], here [5]) are of another"),
        ({"freeze": False}, "0.bias, 0.weight are not there"),
    ],
)
def test_weights_that_do_not_fit_are_refused_at_inspection(
    session: Session, headed: Json, params: dict[str, Any], said: str
) -> None:
    spec = clone(session, headed, "misfit", head, **params)
    [result] = inspected(session, spec)
    assert result["error"]["code"] == "weights-mismatch"
    assert said in result["error"]["message"]


def test_parameters_that_the_function_lacks_are_refused_at_inspection(session: Session) -> None:
    [result] = inspected(session, session.spec(head, "misnamed", widht=5))
    assert result["error"]["code"] == "bad-parameters"
    assert "head(width" in result["error"]["message"]
    assert "'widht'" in result["error"]["message"]


def test_nothing_is_measured_anew(session: Session, headed: Json) -> None:
    spec = clone(session, headed, "measured", head)
    results = inspected(session, headed, spec)
    signatures = {json.dumps(result["inspection"]["signature"]) for result in results}
    assert len(signatures) == 1


def inspected(session: Session, *specs: Json) -> list[Json]:
    group = session.inspect(list(specs), 1)
    assert group.wait() == [0], group.log
    return [event["result"] for event in group.of("inspected")]

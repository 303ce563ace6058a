"""What stays on disk of a finished task, and what can still be done with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from nightly import nightly
from ranks import Session, finish
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

ALWAYS: dict[str, Any] = {"checkpointSeconds": 1e-9}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def kept(session: Session, spec: Json) -> list[str]:
    """Files and folders of the task's folder of checkpoints, by their paths there."""
    folder = session.paths.checkpoints(spec["name"])
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def manifest(session: Session, spec: Json, step: int) -> Json:
    folder = session.paths.checkpoints(spec["name"]) / "final" / f"step-{step:09d}-1"
    told: Json = json.loads((folder / "manifest.json").read_text())
    return told


@pytest.mark.parametrize(
    ("technique", "world"), [("single", 1), ("ddp", 2), pytest.param("pipeline", 3, marks=nightly)]
)
def test_of_a_finished_task_its_model_stays_and_no_checkpoint(
    session: Session, technique: str, world: int
) -> None:
    spec = session.spec(mlp, f"finished-{technique}")
    group = session.train(spec, technique, world, **ALWAYS)
    finish(group)
    assert kept(session, spec) == [
        f"final/step-000000012-1/{name}" for name in ("manifest.json", "weights.pt")
    ]
    assert group.of("checkpoint")[-1]["step"] == 12
    # One file with two names, so the model is on disk once.
    file = session.paths.checkpoints(spec["name"]) / "final/step-000000012-1/weights.pt"
    assert file.samefile(session.paths.model(spec["name"]))
    assert manifest(session, spec, 12)["ended"] == 12


def test_the_last_checkpoint_stays_where_that_is_asked_for(session: Session) -> None:
    spec = session.spec(mlp, "asked-for")
    finish(session.train(spec, "single", keeps=True, **ALWAYS))
    folder = session.paths.checkpoints("asked-for")
    assert sorted(path.name for path in folder.iterdir()) == ["final", "step-000000012-1"]
    assert (folder / "step-000000012-1" / ".metadata").exists()


def counted(record: str, eval_fails: bool = False) -> Task:
    """`mlp` that is evaluated, and notes each step and each evaluation."""
    task = mlp()
    right = task.loss

    def loss(outputs: Any, targets: Any) -> Any:
        with open(record, "a") as file:
            file.write("step " if outputs.requires_grad else "evaluation ")
        return right(outputs, targets)

    def metric(outputs: Any, targets: Any) -> float:
        if eval_fails:
            raise ValueError("no such class")
        return 0.5

    changes = {"loss": loss, "metrics": {"half": metric}, "eval_data": task.data}
    return type(task)(**{**vars(task), **changes})


@pytest.mark.parametrize(("technique", "world"), [("single", 1), ("fsdp", 2)])
def test_a_finished_task_is_evaluated_anew_without_a_step(
    session: Session, technique: str, world: int
) -> None:
    session.record.unlink(missing_ok=True)
    spec = session.spec(counted, f"judged-{technique}", record=str(session.record), eval_fails=True)
    first = finish(session.train(spec, "single", **ALWAYS))
    assert "no such class" in first["evaluationError"]["message"]
    weights = session.weights(spec)
    folder = session.paths.checkpoints(spec["name"]) / "final" / "step-000000012-1"
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    session.record.unlink()
    corrected = {**spec, "params": {**spec["params"], "eval_fails": False}}
    group = session.train(corrected, technique, world)
    again = finish(group)
    assert group.of("started")[0]["step"] == 12
    assert "step" not in session.record.read_text().split()
    assert again["metrics"]["half"] == 0.5
    assert again["loss"] == first["loss"]
    assert again["metrics"]["loss"] == pytest.approx(first["metrics"]["loss"], rel=1e-6)
    for name, tensor in session.weights(spec).items():
        assert torch.equal(tensor, weights[name])
    # They are all that is left of the training: nothing takes their place.
    assert {path.name: path.stat().st_ino for path in folder.iterdir()} == before
    assert (folder / "weights.pt").samefile(session.paths.model(spec["name"]))


def test_a_checkpoint_that_is_kept_outlives_another_evaluation(session: Session) -> None:
    session.record.unlink(missing_ok=True)
    spec = session.spec(counted, "kept", record=str(session.record), eval_fails=True)
    finish(session.train(spec, "single", keeps=True, **ALWAYS))
    corrected = {**spec, "params": {**spec["params"], "eval_fails": False}}
    finish(session.train(corrected, "single"))
    folder = session.paths.checkpoints("kept")
    assert sorted(path.name for path in folder.iterdir()) == ["final", "step-000000012-1"]


def exporting(mark: str) -> Task:
    """A task with an export of its own, which fails until a file is there, and a frozen part."""
    task = mlp()
    for parameter in task.model[0].parameters():
        parameter.requires_grad_(False)

    def export(weights: dict[str, torch.Tensor], folder: Path) -> None:
        if not Path(mark).exists():
            raise OSError("the hub is not there")
        torch.save(weights, folder / "mine.pt")

    return type(task)(**{**vars(task), "export": export})


def test_an_export_that_fails_costs_no_step(session: Session) -> None:
    spec = session.spec(exporting, mark=str(session.script))
    group = session.train(spec, "single")
    assert group.wait() == [1], group.log
    assert "the hub is not there" in group.of("failed")[0]["error"]["message"]
    session.script.touch()
    group = session.train(spec, "single")
    result = finish(group)
    assert group.of("started")[0]["step"] == 12
    model = torch.load(session.paths.folder / result["model"] / "mine.pt", weights_only=True)
    # What is not trained the factory makes anew: beside a model of its own kind it is not kept.
    file = session.paths.checkpoints(spec["name"]) / "final/step-000000012-1/weights.pt"
    trained = torch.load(file, weights_only=True)
    assert {name for name in model if name not in trained} == {"0.weight", "0.bias"}
    for name, tensor in trained.items():
        assert torch.equal(tensor, model[name])


def best() -> Task:
    """`mlp` that keeps its best model, which is that of step 6."""
    task = mlp()
    scores = iter([0.5, 0.9, 0.1, 0.2])
    changes = {
        "eval_data": task.data,
        "metrics": {"score": lambda outputs, targets: next(scores, 0.3)},
        "validate_every": 3,
        "best": "score:max",
        "keep_best": True,
    }
    return type(task)(**{**vars(task), **changes})


def test_of_a_task_that_keeps_its_best_model_that_one_stays(session: Session) -> None:
    spec = session.spec(best)
    result = finish(session.train(spec, "single", **ALWAYS))
    assert result["bestStep"] == 6
    assert kept(session, spec) == [
        f"final/step-000000006-1/{name}" for name in ("manifest.json", "weights.pt")
    ]
    told = manifest(session, spec, 6)
    assert (told["ended"], told["bestStep"]) == (12, 6)
    weights = session.weights(spec)
    group = session.train(spec, "single")
    again = finish(group)
    assert group.of("started")[0]["step"] == 12
    assert (again["bestStep"], again["loss"]) == (6, result["loss"])
    for name, tensor in session.weights(spec).items():
        assert torch.equal(tensor, weights[name])

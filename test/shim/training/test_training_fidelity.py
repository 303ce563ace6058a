"""Training goes on where it was stopped, whatever the technique: real ranks, told by signals."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from nightly import nightly
from ranks import Session, finish
from training_tasks import mlp

WORLDS = {"single": 1, "ddp": 2, "fsdp": 2}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.fixture(scope="module")
def unbroken(session: Session) -> dict[str, torch.Tensor]:
    """Weights of a run on one device without a pause."""
    spec = session.spec(mlp, "unbroken", script=str(session.script))
    finish(session.train(spec, "single"))
    return session.weights(spec)


def assert_same(weights: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert list(weights) == list(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-6)


def losses(session: Session, technique: str, **params: Any) -> tuple[list[float], Any]:
    """The mean loss over the ranks of each step, and the result."""
    session.record.unlink(missing_ok=True)
    spec = session.spec(mlp, f"loss-{technique}", record=str(session.record), **params)
    result = finish(session.train(spec, technique, WORLDS[technique]))
    by_step: dict[int, list[float]] = defaultdict(list)
    for line in session.record.read_text().splitlines():
        step, value = line.split()
        if int(step) < 12:  # those of the evaluation follow
            by_step[int(step)].append(float(value))
    assert list(by_step) == list(range(12))
    assert {len(values) for values in by_step.values()} == {WORLDS[technique]}
    return [sum(values) / len(values) for values in by_step.values()], result


def test_augmented_samples_do_not_depend_on_the_technique(session: Session) -> None:
    plain, _ = losses(session, "single")
    expected, result = losses(session, "single", augment=True)
    assert expected != plain
    for technique in ("ddp", "fsdp"):
        measured, other = losses(session, technique, augment=True)
        assert measured == pytest.approx(expected, rel=1e-5)
        assert other["loss"] == pytest.approx(expected[-1], rel=1e-5)
        assert other["metrics"] == pytest.approx(result["metrics"], rel=1e-5)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("single", "ddp", marks=nightly),
        ("ddp", "fsdp"),
        pytest.param("fsdp", "single", marks=nightly),
    ],
)
def test_a_run_goes_on_under_another_technique(
    session: Session, unbroken: dict[str, torch.Tensor], first: str, second: str
) -> None:
    spec = session.spec(mlp, f"{first}-{second}", script=str(session.script))
    session.script.write_text(json.dumps({"terminate-last": 3}))
    group = session.train(spec, first, WORLDS[first])
    assert set(group.wait()) == {0}, group.log
    session.script.unlink()
    stopped = group.of("stopped")[0]["step"]
    # Told in step 4, and in the middle of the second epoch at the latest.
    assert 4 <= stopped <= 7
    assert [event["step"] for event in group.of("checkpoint")] == [stopped]

    group = session.train(spec, second, WORLDS[second])
    finish(group)
    assert group.of("started")[0]["step"] == stopped
    assert_same(session.weights(spec), unbroken)


def test_a_finished_run_only_evaluates_when_started_again(session: Session) -> None:
    spec = session.spec(mlp, "again")
    result = finish(session.train(spec, "single"))
    group = session.train(spec, "ddp", 2)
    again = finish(group)
    assert [event["kind"] for event in group.events] == ["started", "finished"]
    assert again["loss"] == result["loss"]
    assert again["metrics"] == pytest.approx(result["metrics"], rel=1e-5)


def test_metrics_are_means_over_all_held_out_samples(session: Session) -> None:
    spec = session.spec(mlp, "metrics")
    result = finish(session.train(spec, "single"))
    accuracy = result["metrics"]["accuracy"]
    assert accuracy * 23 == pytest.approx(round(accuracy * 23), abs=1e-4)
    assert session.paths.folder / result["model"] == session.paths.model("metrics")


def test_dropout_draws_the_same_masks_after_a_pause(session: Session) -> None:
    script = str(session.script)

    def dropping() -> Any:
        from torch import nn

        task = mlp(script=script)
        return type(task)(**{**vars(task), "model": nn.Sequential(task.model, nn.Dropout(0.3))})

    spec = session.spec(dropping)
    finish(session.train(spec, "ddp", 2))
    paused = {**spec, "name": "paused"}
    session.script.write_text(json.dumps({"terminate": 3}))
    assert session.train(paused, "ddp", 2).wait() == [0, 0]
    session.script.unlink()
    finish(session.train(paused, "ddp", 2))
    assert_same(session.weights(paused), session.weights(spec))


def test_a_model_in_evaluation_mode_is_trained_in_training_mode(session: Session) -> None:
    def pretrained() -> Any:
        task = mlp()
        task.model.eval()
        base, model = task.loss, task.model

        def loss(outputs: Any, targets: Any) -> Any:
            assert all(module.training for module in model.modules())
            return base(outputs, targets)

        return type(task)(**{**vars(task), "loss": loss})

    for technique, world in WORLDS.items():
        finish(session.train(session.spec(pretrained, technique), technique, world))


def test_a_tied_weight_survives_a_switch(session: Session) -> None:
    script = str(session.script)

    def tied() -> Any:
        from torch import nn

        task = mlp(script=script)
        model: Any = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 3))
        model[2].weight = model[0].weight
        return type(task)(**{**vars(task), "model": model})

    reference = session.spec(tied, "tied")
    finish(session.train(reference, "single"))
    switched = {**reference, "name": "tied-switched"}
    for technique, mishap in (("ddp", 2), ("fsdp", 2), ("single", None)):
        session.script.write_text(json.dumps({"terminate": mishap}))
        group = session.train(switched, technique, WORLDS[technique])
        assert set(group.wait()) == {0}, group.log
    assert group.of("finished")
    session.script.unlink()
    assert_same(session.weights(switched), session.weights(reference))

"""A Trainer trains in ranks of ours as it does alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from native_tasks import calls_train, trainer
from nightly import nightly
from ranks import Session, finish
from safetensors.torch import load_file

SEED = 7  # of the specs that the tests' session makes
STEPS = 12


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def alone(**params: Any) -> dict[str, torch.Tensor]:
    """The weights that the Trainer comes to by itself."""
    seed_all(derive(SEED, "factory"))
    made = trainer(**params)
    made.train()
    return {name: value.clone() for name, value in made.model.state_dict().items()}


def weights(session: Session, spec: Json, result: Json) -> dict[str, torch.Tensor]:
    path: Path = session.paths.folder / result["model"]
    return load_file(path / "model.safetensors") if path.is_dir() else session.weights(spec)


def inspection(session: Session, spec: Json, devices: int = 4) -> Json:
    group = session.inspect([spec], devices)
    assert group.wait() == [0], group.log
    result: Json = group.of("inspected")[0]["result"]
    return result


@pytest.mark.parametrize(
    ("kind", "world"),
    [
        pytest.param("plain", 1, marks=nightly),
        ("plain", 2),
        ("adversarial", 1),
        pytest.param("adversarial", 2, marks=nightly),
    ],
)
def test_trains_as_alone(session: Session, kind: str, world: int) -> None:
    spec = session.spec(trainer, f"{kind}-{world}", kind=kind)
    result = finish(session.train(spec, "native", world, steps=STEPS))
    expected, trained = alone(kind=kind), weights(session, spec, result)
    assert expected.keys() == trained.keys()
    for name, value in expected.items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)
    assert {"loss", "distance"} <= result["metrics"].keys()
    assert result["loss"] is not None


def test_a_loader_of_its_own_is_not_made_larger_by_devices(session: Session) -> None:
    params = {"kind": "pairs", "gradient_accumulation_steps": 1, "per_device_train_batch_size": 8}
    spec = session.spec(trainer, "pairs", **params)
    trained = weights(session, spec, finish(session.train(spec, "native", steps=STEPS)))
    for name, value in alone(**params).items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)
    group = session.trial(spec, "native", 2)
    assert group.wait() == [1, 1]
    error = group.of("failed")[0]["error"]
    assert error["code"] == "infeasible"
    assert "makes batches of 16 over 2 devices, where one device trains with 8" in error["message"]


def test_samples_that_are_compared_stay_on_one_device(session: Session) -> None:
    def feasible(kind: str) -> list[bool]:
        spec = {**session.spec(trainer, f"shared-{kind}", kind=kind), "native": True}
        return [
            each["feasible"] for each in inspection(session, spec, 2)["inspection"]["feasibility"]
        ]

    assert feasible("plain") == [True, True]
    assert feasible("contrast") == [True, False]


def test_a_function_that_calls_train_goes_on_after_it(session: Session) -> None:
    spec = session.spec(calls_train)
    result = finish(session.train(spec, "native", steps=STEPS))
    trained = weights(session, spec, result)
    for name, value in alone().items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("before", "after"),
    [pytest.param(1, 1, marks=nightly), (1, 2), pytest.param(2, 1, marks=nightly)],
)
def test_stopped_and_gone_on_with_it_is_as_uninterrupted(
    session: Session, before: int, after: int
) -> None:
    """Also on another number of devices."""
    spec = session.spec(trainer, f"stopped-{before}-{after}", slow=True)
    group = session.train(spec, "native", before, steps=STEPS)
    group.until("step")
    group.signal(signal.SIGTERM)
    assert group.wait() == [0] * before, group.log
    stopped = group.of("stopped")[0]["step"]
    assert 0 < stopped < STEPS
    again = session.train(spec, "native", after, steps=STEPS)
    result = finish(again)
    assert again.of("started")[0]["step"] == stopped
    trained = weights(session, spec, result)
    for name, value in alone(slow=True).items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


def test_on_more_devices_after_a_pause_a_step_has_fewer_parts(session: Session) -> None:
    params = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 8}
    spec = session.spec(trainer, "fewer-parts", **params)
    group = session.train(spec, "native", steps=STEPS, until=3)
    assert group.wait() == [0], group.log
    trained = weights(session, spec, finish(session.train(spec, "native", 2, steps=STEPS)))
    for name, value in alone(**params).items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


def test_one_that_saves_where_epochs_end_can_go_on_from_there(session: Session) -> None:
    params = {"save_strategy": "steps", "save_steps": 4, "slow": True}
    spec = session.spec(trainer, "saves-at-epochs", **params)
    group = session.train(spec, "native", steps=STEPS)
    assert group.until("checkpoint")["step"] == 4
    group.signal(signal.SIGKILL)
    group.wait()
    again = session.train(spec, "native", steps=STEPS)
    trained = weights(session, spec, finish(again))
    assert again.of("started")[0]["step"] == 4
    for name, value in alone().items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


def test_a_failing_metric_does_not_lose_the_model(session: Session) -> None:
    spec = session.spec(trainer, "bad-metric", bad_metric=True)
    result = finish(session.train(spec, "native", steps=STEPS))
    assert "no such metric" in result["evaluationError"]["message"]
    assert "compute_metrics" in result["evaluationError"]["traceback"]
    assert weights(session, spec, result)


def test_a_trial_times_steps_and_leaves_nothing(session: Session) -> None:
    spec = session.spec(trainer, "tried", slow=True, num_train_epochs=1000)
    group = session.trial(spec, "native", 2)
    assert group.wait() == [0, 0], group.log
    [event] = group.of("trial")
    assert 0.1 < event["cell"]["stepSeconds"] < 1  # two parts of 0.05 s
    assert event["cell"]["peakBytes"] >= 0
    assert not session.paths.native(spec["name"]).exists()


def test_the_inspection_leads_up_to_the_first_step(session: Session) -> None:
    best = {"metric_for_best_model": "distance", "greater_is_better": False}
    spec = {**session.spec(trainer, "seen", **best), "native": True}
    seen = inspection(session, spec)["inspection"]
    assert (seen["steps"], seen["stepsPerEpoch"], seen["batchSize"]) == (12, 4, 8)
    assert (seen["samples"], seen["parameters"]) == (32, 33)
    assert seen["best"] == {"metric": "distance", "goal": "min"}
    assert [row["feasible"] for row in seen["feasibility"]] == [True, True, False, True]
    assert {row["strategy"]["technique"] for row in seen["feasibility"]} == {"native"}
    assert "batch of 4 x 2" in seen["feasibility"][2]["reason"]
    ragged = {**session.spec(trainer, "ragged", samples=33), "native": True}
    rows = inspection(session, ragged)["inspection"]["feasibility"]
    assert "the last batch of an epoch has 1 of 4 samples" in rows[1]["reason"]


def test_steps_of_the_cell_are_those_of_the_trainer(session: Session) -> None:
    spec = {**session.spec(trainer, "shorter"), "native": True, "steps": 5}
    assert inspection(session, spec)["inspection"]["steps"] == 5
    group = session.train(spec, "native", steps=5)
    finish(group)
    assert group.of("finished")[0]["step"] == 5


def test_a_factory_that_trains_is_told_so_at_its_first_step(session: Session) -> None:
    error = inspection(session, session.spec(calls_train, "unsaid"))["error"]
    assert error["code"] == "trains-itself"
    assert "--native" in error["hint"]


@nightly
def test_paused_while_another_begins_nothing_of_it_is_taken(session: Session) -> None:
    spec = session.spec(trainer, "paused", slow=True)
    order: Json = {"steps": STEPS, "checkpointSeconds": 1e-9}
    older = session.train(spec, "native", attempt=1, **order)
    while older.until("checkpoint")["step"] < 3:
        pass
    older.signal(signal.SIGSTOP)
    newer = session.train(spec, "native", attempt=2, **order)
    assert newer.until("started")["step"] >= 3
    newer.until("checkpoint")
    older.signal(signal.SIGCONT)
    assert older.wait() == [1], older.log
    assert [event["error"]["code"] for event in older.of("lost")] == ["late-commit"]
    trained = weights(session, spec, finish(newer))
    for name, value in alone().items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


def test_a_rung_is_told_by_its_next_evaluation(session: Session) -> None:
    """Nobody else can evaluate it; one that does not is compared by its losses."""
    spec = session.spec(trainer, "compared", eval_strategy="steps", eval_steps=4)
    seen = inspection(session, {**spec, "native": True}, 1)["inspection"]
    assert seen["evaluating"] == {"every": 4}
    group = session.train(spec, "native", steps=STEPS, rungs=[3, 8])
    finish(group)
    evaluations = {each["step"]: each["metrics"] for each in group.of("validated")}
    told = group.of("rung")
    assert [rung["step"] for rung in told] == [3, 8]
    assert [rung["metrics"] for rung in told] == [evaluations[4], evaluations[8]]
    assert {"loss", "distance"} <= told[0]["metrics"].keys()

    spec = session.spec(trainer, "by-loss")
    seen = inspection(session, {**spec, "native": True}, 1)["inspection"]
    assert seen["evaluating"] == {"metrics": []}
    group = session.train(spec, "native", steps=STEPS, rungs=[4])
    finish(group)
    (rung,) = group.of("rung")
    assert rung.keys() >= {"step", "loss"}
    losses = session.curve(spec, "loss")
    assert rung["loss"] == pytest.approx(sum(losses[2:4]) / 2, rel=1e-5)


@pytest.mark.parametrize("stops", [(3,), pytest.param((4, 9), marks=nightly)])
def test_what_a_trainer_and_its_callbacks_note_goes_on_after_a_pause(
    session: Session, stops: tuple[int, ...]
) -> None:
    """In the middle of an epoch, and between two: nothing is done twice, and nothing left out."""
    spec = session.spec(trainer, f"noting-{stops[0]}", kind="noting")
    for stop in stops:
        group = session.train(spec, "native", steps=STEPS, until=stop)
        assert group.wait() == [0], group.log
        assert group.of("stopped")[0]["step"] == stop
    trained = weights(session, spec, finish(session.train(spec, "native", steps=STEPS)))
    for name, value in alone(kind="noting").items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


def test_a_rule_to_stop_goes_on_counting_after_a_pause(session: Session) -> None:
    """Its evaluation at the end of an epoch is made before the pause there."""
    params = {"kind": "patient", "eval_strategy": "epoch", "metric_for_best_model": "distance"}
    spec = session.spec(trainer, "patient", **params)
    group = session.train(spec, "native", steps=STEPS, until=4)
    assert group.wait() == [0], group.log
    again = session.train(spec, "native", steps=STEPS)
    finish(again)
    assert again.of("finished")[0]["step"] == 8


def test_what_cannot_be_saved_begins_anew_and_is_told(session: Session) -> None:
    spec = session.spec(trainer, "reading", kind="reading")
    (warning,) = inspection(session, {**spec, "native": True}, 1)["inspection"]["warnings"]
    assert "keeps a generator in numbers, which cannot be saved" in warning
    group = session.train(spec, "native", steps=STEPS, until=3)
    assert group.wait() == [0], group.log
    assert group.of("stopped")[0]["step"] == 0

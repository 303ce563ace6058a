"""Functions that train by a loop of their own, in ranks of ours."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from native_tasks import accelerated, collective, fails, generated, nested, piece, plain
from ranks import Session, finish

SEED = 7  # of the specs that the tests' session makes


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def assert_as_alone(session: Session, spec: Json, function: Callable[..., Any]) -> None:
    """The trained weights are those that the function comes to by itself."""
    seed_all(derive(SEED, "factory"))
    made = function(**spec["params"])
    expected = made.state_dict() if isinstance(made, torch.nn.Module) else made
    trained = session.weights(spec)
    assert expected.keys() == trained.keys()
    for name, value in expected.items():
        torch.testing.assert_close(trained[name], value, atol=1e-5, rtol=0)


def inspected(session: Session, *specs: Json) -> list[Json]:
    group = session.inspect([{**spec, "native": True} for spec in specs], 2)
    assert group.wait() == [0], group.log
    return [event["result"] for event in group.of("inspected")]


@pytest.mark.parametrize("function", [plain, generated, collective, accelerated])
def test_trains_as_alone(session: Session, function: Callable[..., Any]) -> None:
    spec = session.spec(function)
    result = finish(session.train(spec, "native", steps=15))
    assert_as_alone(session, spec, function)
    assert result["loss"] is not None


@pytest.mark.parametrize("function", [collective, accelerated])
def test_on_two_ranks_it_trains_as_alone(session: Session, function: Callable[..., Any]) -> None:
    spec = session.spec(function, f"two-{function.__name__}")
    group = session.train(spec, "native", 2, steps=12)
    finish(group)
    assert_as_alone(session, spec, function)


@pytest.mark.parametrize("function", [plain, generated])
def test_stopped_and_gone_on_with_it_is_as_uninterrupted(
    session: Session, function: Callable[..., Any]
) -> None:
    spec = session.spec(function, f"stopped-{function.__name__}", slow=True)
    group = session.train(spec, "native", steps=15)
    while group.until("step")["step"] < 6:  # in the second of three epochs
        pass
    group.signal(signal.SIGTERM)
    assert group.wait() == [0], group.log
    stopped = group.of("stopped")[0]["step"]
    assert 6 <= stopped < 15
    assert group.of("checkpoint")[-1]["step"] == stopped
    again = session.train(spec, "native", steps=15)
    result = finish(again)
    assert again.of("started")[0]["step"] == stopped
    assert_as_alone(session, spec, function)
    assert result["metrics"].keys() == {"distance"}
    assert "stoppedEarly" not in result


def test_gradients_that_wait_for_more_of_their_step_are_not_lost(session: Session) -> None:
    spec = session.spec(plain, "in-parts", parts=3)
    group = session.train(spec, "native", steps=15, until=4)
    assert group.wait() == [0], group.log
    assert group.of("stopped")[0]["step"] % 3 == 0
    finish(session.train(spec, "native", steps=15))
    assert_as_alone(session, spec, plain)


def test_paused_while_another_begins_nothing_of_it_is_taken(session: Session) -> None:
    spec = session.spec(plain, "paused", slow=True)
    order: Json = {"steps": 15, "checkpointSeconds": 1e-9}
    older = session.train(spec, "native", attempt=1, **order)
    while older.until("checkpoint")["step"] < 4:
        pass
    older.signal(signal.SIGSTOP)
    newer = session.train(spec, "native", attempt=2, **order)
    assert newer.until("started")["step"] >= 4
    newer.until("checkpoint")
    older.signal(signal.SIGCONT)
    assert older.wait() == [1], older.log
    assert [event["error"]["code"] for event in older.of("lost")] == ["late-commit"]
    finish(newer)
    assert_as_alone(session, spec, plain)


def test_what_offers_no_state_stops_at_once(session: Session) -> None:
    spec = session.spec(plain, "unsaved", slow=True, saves=False)
    group = session.train(spec, "native", steps=15)
    group.until("step")
    group.signal(signal.SIGTERM)
    assert group.wait() == [0], group.log
    assert group.of("stopped")[0]["step"] == 0


def test_checkpoints_are_made_about_as_often_as_asked(session: Session) -> None:
    spec = session.spec(plain, "often", slow=True)
    group = session.train(spec, "native", steps=15, checkpointSeconds=0.2)
    finish(group)
    assert 1 < len(group.of("checkpoint")) < 8


def test_a_trial_times_steps(session: Session) -> None:
    group = session.trial(session.spec(plain, "tried", slow=True, epochs=99), "native")
    assert group.wait() == [0], group.log
    assert 0.05 < group.of("trial")[0]["cell"]["stepSeconds"] < 0.2


def test_a_trial_of_one_piece_that_ends_knows_its_time(session: Session) -> None:
    spec = session.spec(piece, seconds=0.1)
    group = session.trial(spec, "native")
    assert group.wait() == [0], group.log
    assert 0.3 <= group.of("trial")[0]["cell"]["stepSeconds"] < 3
    group = session.train(spec, "native", steps=1)
    result = finish(group)
    assert group.of("finished")[0]["step"] == 1
    assert result == {"metrics": {}}


def test_a_failing_loop_gives_its_traceback(session: Session) -> None:
    group = session.train(session.spec(fails), "native", steps=5)
    assert group.wait() == [1]
    error = group.of("failed")[0]["error"]
    assert "KeyError" in error["message"]
    assert 'raise KeyError("the third")' in error["traceback"]


def test_the_inspection_leads_up_to_the_loop(session: Session) -> None:
    loop, script, whole = inspected(
        session,
        session.spec(plain, "seen"),
        session.spec(accelerated, "script"),
        session.spec(piece, "whole"),
    )
    seen = loop["inspection"]
    assert (seen["steps"], seen["stepsPerEpoch"], seen["batchSize"]) == (15, 5, 4)
    assert seen["samples"] == 20
    one, two = seen["feasibility"]
    assert one["feasible"]
    assert "distributed=True" in two["reason"]
    assert [row["feasible"] for row in script["inspection"]["feasibility"]] == [True, True]
    assert whole["inspection"]["steps"] == 1
    assert "one piece" in whole["inspection"]["warnings"][0]


def test_what_cannot_run_is_refused_before_it_trains(session: Session) -> None:
    again, longer = inspected(
        session, session.spec(nested), {**session.spec(plain, "longer"), "epochs": 9}
    )
    assert again["error"]["code"] == "bad-loop"
    assert "epochs=" in again["error"]["hint"]
    assert longer["error"]["code"] == "bad-length"


def test_a_function_that_trains_nothing_is_refused(session: Session) -> None:
    [error] = (result["error"] for result in inspected(session, session.spec(nothing)))
    assert error["code"] == "nothing-trained"


def nothing() -> None:
    """Forgot to return anything."""


def test_without_the_option_a_factory_that_returns_nothing_is_told_so(session: Session) -> None:
    group = session.inspect([session.spec(nothing, "forgot"), session.spec(plain, "unsaid")], 1)
    assert group.wait() == [0], group.log
    forgot, unsaid = (event["result"]["error"] for event in group.of("inspected"))
    assert "returned nothing" in forgot["message"]
    assert unsaid["code"] == "trains-itself"


def test_outside_of_a_task_the_loop_runs_by_itself() -> None:
    assert isinstance(plain(), torch.nn.Module)


def test_a_rung_is_told_by_its_losses_and_by_what_it_reports(session: Session) -> None:
    """Nobody knows whether a metric comes."""
    [seen] = inspected(session, session.spec(plain, "seen-rungs"))
    assert "evaluating" not in seen["inspection"]
    spec = session.spec(plain, "compared")
    group = session.train(spec, "native", steps=15, rungs=[2, 6])
    finish(group)
    told = group.of("rung")
    assert [rung["step"] for rung in told] == [2, 6]
    assert all("metrics" not in rung and rung["loss"] > 0 for rung in told)

"""What people bring is trained exactly as they wrote it, or refused before it costs anything."""

from __future__ import annotations

import atexit
import functools
import itertools
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from case_inspection import ALL, inspected
from fidelity_case import SEED, Direct, written
from fidelity_layouts import BOUND, deviation, shared_bench, weights_of
from jupyterlab_saturn.training.adapters import NeedsNative, adapt
from jupyterlab_saturn.training.components.seeding import derive, seed_all
from nightly import NIGHTLY, nightly
from ranks import Session, finish

_RUNS = itertools.count()


def _tried(kind: str) -> list[Any]:
    """The cases that have an attribute; of those with a loop of their own, only by that."""
    return [
        pytest.param(name, marks=nightly if case.get("LIKE") else ())
        for name, case in ALL.items()
        if case.get(kind) and (kind == "LOOP" or not case.get("LOOP"))
    ]


def trained(spec: Any, inspection: Any, strategy: Any) -> tuple[Any, Mapping[str, float]]:
    """Weights and metrics as a strategy has them."""
    task = {**spec, "name": f"{spec['name']}-{next(_RUNS)}"}
    outcome = shared_bench().train(task, strategy, steps=inspection["steps"])[0]
    of_library = written(shared_bench().paths.model_folder(task["name"]))
    return weights_of(task) if of_library is None else of_library, outcome.metrics


def label(strategy: Any) -> str:
    return f"{strategy['technique']} x {strategy['devices']} {strategy.get('knobs', '')}"


def apart(weights: Any, metrics: Mapping[str, float], expected: Direct) -> dict[str, float]:
    """How far off weights and metrics are, these relatively when above 1."""
    return {
        "weights": difference(weights, expected.weights),
        **{
            key: abs(metrics.get(key, float("nan")) - value) / max(1.0, abs(value))
            for key, value in expected.metrics.items()
        },
    }


def strategies(name: str, inspection: Any) -> list[Any]:
    """All at night, else that of one device, and for each case another of the others."""
    turn = list(ALL).index(name)
    by_technique: dict[tuple[str, int], list[Any]] = {}
    for each in inspection["feasibility"]:
        if each["feasible"]:
            strategy = each["strategy"]
            by_technique.setdefault((strategy["technique"], strategy["devices"]), []).append(
                strategy
            )
    if NIGHTLY:
        return [each for found in by_technique.values() for each in found]
    assert by_technique
    alone, *others = (found[-1] for found in by_technique.values())
    return [alone, *others[turn % len(others) :][:1]] if others else [alone]


def directly_tried(name: str, inspection: Any) -> list[Any]:
    """As `strategies`, by day only the last: that one device does the same is proven elsewhere."""
    found = strategies(name, inspection)
    return found if NIGHTLY else found[-1:]


def difference(found: Mapping[str, Any], expected: Mapping[str, Any]) -> float:
    """The largest of an element; infinite when what is no tensor is not the same."""
    rest = [{n: v for n, v in each.items() if not torch.is_tensor(v)} for each in (found, expected)]
    if rest[0] != rest[1]:
        return float("inf")
    tensors = ({n: v for n, v in each.items() if torch.is_tensor(v)} for each in (found, expected))
    return deviation(*tensors)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", _tried("direct"))
def test_it_is_trained_as_its_library_trains_it(name: str) -> None:
    case = ALL[name]
    spec, inspection, error = inspected(name)
    assert error is None, error
    expected = case.run_directly()
    if expected.steps is not None:
        assert inspection["steps"] == expected.steps
    off: dict[str, Any] = {}
    for strategy in directly_tried(name, inspection):
        weights, metrics = trained(spec, inspection, strategy)
        off[label(strategy)] = apart(weights, metrics, expected)
    bound = case.get("UP_TO", BOUND)
    assert {k: v for k, v in off.items() if not all(each <= bound for each in v.values())} == {}


@functools.cache
def session() -> Session:
    """Where loops of their own are run, by the jobs of the agent."""
    made = Session()
    atexit.register(made.close)
    return made


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", _tried("LOOP"))
def test_its_own_loop_runs_as_it_was_written(name: str) -> None:
    case = ALL[name]
    spec = session().spec(case.factory, name)
    look = session().inspect([{**spec, "native": True}], 2)
    assert look.wait() == [0], look.log
    (found,) = [event["result"] for event in look.of("inspected")]
    assert "error" not in found, found["error"]
    finish(session().train(spec, "native", steps=found["inspection"]["steps"]))
    assert difference(session().weights(spec), case.run_directly().weights) <= BOUND


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", _tried("ALIKE"))
def test_what_is_drawn_is_the_same_on_any_layout(name: str) -> None:
    spec, inspection, error = inspected(name)
    assert error is None, error
    tried = strategies(name, inspection)
    if ALL[name].get("DRAWS"):
        assert any("draws random numbers" in text for text in inspection["warnings"])
        tried = [strategy for strategy in tried if strategy["devices"] == 1]
    expected = Direct(*trained(spec, inspection, tried[0]))
    off = {
        label(strategy): apart(*trained(spec, inspection, strategy), expected) for strategy in tried
    }
    bound = ALL[name].get("UP_TO", BOUND)
    assert {k: v for k, v in off.items() if not all(each <= bound for each in v.values())} == {}


@pytest.mark.parametrize("name", [name for name, case in ALL.items() if case.get("LEFT_OUT")])
def test_techniques_that_would_change_it_are_not_offered(name: str) -> None:
    _, inspection, error = inspected(name)
    assert error is None, error
    for technique, reason in ALL[name].get("LEFT_OUT").items():
        verdicts = [
            each for each in inspection["feasibility"] if each["strategy"]["technique"] == technique
        ]
        several = [each for each in verdicts if each["strategy"]["devices"] > 1]
        assert several, technique
        assert [each for each in several if each["feasible"]] == [], technique
        assert any(reason in each["reason"] for each in several), several


@pytest.mark.parametrize("name", [name for name, case in ALL.items() if case.get("REFUSED")])
def test_what_cannot_be_right_is_refused_by_name(name: str) -> None:
    _, _, error = inspected(name)
    assert error is not None
    assert ALL[name].get("REFUSED") in error["message"]
    assert error.get("hint")


@pytest.mark.parametrize("name", [name for name, case in ALL.items() if case.get("NATIVE")])
def test_what_is_not_known_to_be_right_keeps_its_own_loop(name: str) -> None:
    seed_all(derive(SEED, "factory"))
    made = ALL[name].factory()
    with pytest.raises(NeedsNative) as caught:
        adapt(made)
    assert ALL[name].get("NATIVE") in caught.value.reason

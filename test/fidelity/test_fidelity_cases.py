"""What people bring is trained exactly as they wrote it, or refused before it costs anything."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from fidelity_case import Case, Inspect, cases
from fidelity_layouts import BOUND, NIGHTLY, deviation, shared_bench, weights_of

ALL = {case.name: case for case in cases()}
EXACT = [name for name, case in ALL.items() if hasattr(case.module, "direct")]


@functools.cache
def inspected(name: str) -> tuple[Any, Any, Any]:
    """The task's spec, its inspection, and why there is none."""
    bench = shared_bench()
    spec = bench.spec(ALL[name].factory)
    ((inspection, error),) = bench.do(1, Inspect(bench.paths, spec))
    return spec, inspection, error


def strategies(case: Case, inspection: Any) -> list[Any]:
    """Those to be tried: all at night, otherwise the first and the last of each technique."""
    by_technique: dict[tuple[str, int], list[Any]] = {}
    for each in inspection["feasibility"]:
        if each["feasible"]:
            strategy = each["strategy"]
            by_technique.setdefault((strategy["technique"], strategy["devices"]), []).append(
                strategy
            )
    if NIGHTLY:
        return [each for found in by_technique.values() for each in found]
    return [found[-1] for found in by_technique.values()]


def difference(found: Mapping[str, Any], expected: Mapping[str, Any]) -> float:
    """The largest of an element; infinite when what is no tensor is not the same."""
    rest = [{n: v for n, v in each.items() if not torch.is_tensor(v)} for each in (found, expected)]
    if rest[0] != rest[1]:
        return float("inf")
    tensors = ({n: v for n, v in each.items() if torch.is_tensor(v)} for each in (found, expected))
    return deviation(*tensors)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", EXACT)
def test_it_is_trained_as_its_library_trains_it(name: str) -> None:
    case = ALL[name]
    spec, inspection, error = inspected(name)
    assert error is None, error
    expected = case.run_directly()
    if expected.steps is not None:
        assert inspection["steps"] == expected.steps
    off: dict[str, Any] = {}
    tried = strategies(case, inspection)
    assert tried
    for strategy in tried:
        task = {**spec, "name": f"{spec['name']}-{len(off)}"}
        outcome = shared_bench().train(task, strategy, steps=inspection["steps"])[0]
        apart = difference(weights_of(task), expected.weights)
        metrics = {
            key: abs(outcome.metrics.get(key, float("nan")) - value) / max(1.0, abs(value))
            for key, value in expected.metrics.items()
        }
        label = f"{strategy['technique']} x {strategy['devices']} {strategy.get('knobs', '')}"
        off[label] = {"weights": apart, **metrics}
    bound = case.get("UP_TO", BOUND)
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

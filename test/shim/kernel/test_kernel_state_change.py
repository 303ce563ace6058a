"""Both ends make the same of a change: these cases are also those of test/unit/wire."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from fakes.engine import empty_state
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.judged import told_state, whole_state
from jupyterlab_saturn.kernel.state_change import with_change

CASES = json.loads((Path(__file__).parents[2] / "fixtures" / "changes.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["why"]))
def test_a_change_makes_the_state_that_the_engine_has(case: Any) -> None:
    wire.check("engine", wire.message("engine", "change", case["change"]))
    before = copy.deepcopy(case["before"])
    assert with_change(before, case["change"]) == case["after"]
    assert before == case["before"]


def test_what_is_judged_of_tasks_is_told_once() -> None:
    state: Any = next(case for case in CASES if "judged" in case["change"])["after"]
    told = told_state(copy.deepcopy(state))
    assert [one["tasks"] for one in told["judged"]] == [[0, 1], [2, 3]]
    assert not any(task["inspection"]["feasibility"] for task in told["state"]["tasks"])
    wire.check("engine", wire.message("engine", "state", told))
    whole = whole_state(told)
    assert whole == state
    first, second, *_ = (task["inspection"] for task in whole["tasks"])
    assert first["feasibility"] is second["feasibility"]
    told["judged"][0]["tasks"] = [9]
    with pytest.raises(SaturnError, match="others than there are"):
        whole_state(told)


def test_what_has_not_changed_is_shared() -> None:
    before: Any = empty_state()
    change: Any = {"base": 1, "rev": 2, "session": {"trialsDone": 3}}
    after = with_change(before, change)
    assert after["tasks"] is before["tasks"] and after["cluster"] is before["cluster"]


@pytest.mark.parametrize(
    "other",
    [
        {"base": 7},
        {"tasks": {"keep": [[0, 1]]}},
        {"tasks": {"put": [{"at": 1, "entry": {}}]}},
        {"tasks": {"patch": [{"at": 0, "patch": {"moving": True}}]}},
        {"plan": {"fresh": False}},
        {"judged": [{"tasks": [0], "feasibility": []}]},
    ],
)
def test_the_change_of_another_state_is_refused(other: Any) -> None:
    change: Any = {"base": 1, "rev": 2, **other}
    with pytest.raises(SaturnError) as refused:
        with_change(empty_state(), change)  # type: ignore[arg-type]
    assert refused.value.code == "bad-change"

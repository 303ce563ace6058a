"""The advisor as a process of its own: what it answers to lines."""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn.advisor.dimensions import dimension
from jupyterlab_saturn.advisor.suggestion import suggest
from jupyterlab_saturn.wire import schema, validate
from waiting import SECONDS

Json = dict[str, Any]

SPACE: Json = {
    "lr": {"low": 1e-5, "high": 0.1, "scale": "log"},
    "momentum": {"low": 0, "high": 1, "scale": "linear"},
    "width": {"values": [64, 1, True, None, [1, 2], "1"]},
    "layers": {"low": 2, "high": 8, "scale": "linear", "whole": True},
    "heads": {"low": 1, "high": 512, "scale": "log", "whole": True},
    "dropout": {"low": 0, "high": 0.55, "scale": "linear", "stride": 0.1},
}


class Advisor:
    """A living advisor."""

    def __init__(self, folder: Path | None = None) -> None:
        paths = [*([str(folder)] if folder else []), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jupyterlab_saturn.advisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )

    def ask(self, question: Json | bytes) -> Json:
        assert self._process.stdin is not None and self._process.stdout is not None
        data = question if isinstance(question, bytes) else json.dumps(question).encode()
        self._process.stdin.write(data + b"\n")
        self._process.stdin.flush()
        answer: Json = json.loads(self._process.stdout.readline())
        validate("Advice", answer)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(SECONDS) == 0
        self._process.stdout.close()


@pytest.fixture(scope="module")
def advisor() -> Iterator[Advisor]:
    made = Advisor()
    yield made
    made.close()


def ask_of(question: Json, folder: Path | None = None) -> Json:
    """The answer of an advisor that is asked nothing else."""
    made = Advisor(folder)
    try:
        return made.ask(question)
    finally:
        made.close()


def question(known: list[Json], count: int = 1, **other: Any) -> Json:
    return {
        "id": "q",
        "seed": 7,
        "first": len(known),
        "count": count,
        "goal": "min",
        "space": SPACE,
        "known": known,
    } | other


def history(ask: Callable[[Json], Json], states: list[Json]) -> list[Json]:
    points = ask(question([], count=len(states)))["points"]
    return [{"params": point} | state for point, state in zip(points, states, strict=True)]


def mixed(count: int) -> list[Json]:
    """What comes of so many points: some of everything."""
    rng = random.Random(1)
    kinds: list[Json] = [
        {"state": "complete", "value": rng.random()},
        {"state": "stopped", "step": 3, "value": rng.random()},
        {"state": "stopped"},
        {"state": "complete"},
        {"state": "failed"},
        {"state": "running"},
    ]
    return [
        kind | ({"value": rng.random()} if "value" in kind else {})
        for kind in (kinds[number % len(kinds)] for number in range(count))
    ]


def test_the_same_history_gives_the_same_points_also_of_a_new_advisor(advisor: Advisor) -> None:
    known = history(advisor.ask, mixed(24))
    told = question(known, count=3)
    points = advisor.ask(told)["points"]
    assert len(points) == 3
    assert advisor.ask(told)["points"] == points
    assert ask_of(told)["points"] == points


def test_many_at_once_are_those_of_one_after_the_other(advisor: Advisor) -> None:
    known = history(advisor.ask, mixed(12))
    at_once = advisor.ask(question(known, count=4))["points"]
    for point in at_once:
        assert advisor.ask(question(known))["points"] == [point]
        known.append({"params": point, "state": "running"})


def test_other_seeds_and_later_questions_give_other_points(advisor: Advisor) -> None:
    first = advisor.ask(question([], count=8))["points"]
    assert advisor.ask(question([], count=8, seed=8))["points"] != first
    assert advisor.ask(question([], count=8, first=8))["points"] != first


def test_points_are_of_the_space(advisor: Advisor) -> None:
    points = advisor.ask(question([], count=200))["points"]
    assert len({json.dumps(point) for point in points}) == 200
    for point in points:
        assert 1e-5 <= point["lr"] <= 0.1 and 0 <= point["momentum"] <= 1
        assert json.dumps(point["width"]) in map(json.dumps, SPACE["width"]["values"])
        assert point["layers"] in range(2, 9) and type(point["layers"]) is int
        assert point["heads"] in range(1, 513) and type(point["heads"]) is int
        assert point["dropout"] in (0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert {json.dumps(point["width"]) for point in points} == {
        json.dumps(value) for value in SPACE["width"]["values"]
    }
    assert {point["layers"] for point in points} == set(range(2, 9))
    assert statistics.median(point["lr"] for point in points) < 0.01
    assert statistics.median(point["heads"] for point in points) < 100


def test_what_is_of_another_space_is_left_out(advisor: Advisor) -> None:
    known = history(advisor.ask, mixed(24))
    told = advisor.ask(question(known))["points"]
    params = known[0]["params"]
    strange = [
        {"params": params | {"lr": 1.0}, "state": "complete", "value": -9},
        {"params": params | {"lr": None}, "state": "complete", "value": -9},
        {"params": params | {"lr": True}, "state": "complete", "value": -9},
        {"params": params | {"width": False}, "state": "complete", "value": -9},
        {"params": params | {"layers": 2.5}, "state": "complete", "value": -9},
        {"params": params | {"dropout": 0.25}, "state": "complete", "value": -9},
        {"params": {"lr": 0.01}, "state": "complete", "value": -9},
        {"params": params | {"more": 1}, "state": "complete", "value": -9},
    ]
    assert advisor.ask(question([*known, *strange], first=24))["points"] == told


@pytest.mark.parametrize("state", ["failed", "stopped", "complete"])
def test_what_has_no_value_is_avoided(state: str) -> None:
    space: Json = {"x": {"low": 0, "high": 1, "scale": "linear"}}

    def near(bad: Json) -> int:
        """How many points come to where a third of those before have come to nothing."""
        known: list[Json] = []
        for number in range(30):
            x = number / 29
            works = x < 2 / 3
            ended = {"state": "complete", "value": 1.0 - x} if works else bad
            known.append({"params": {"x": x}} | ended)
        points = suggest(question(known, count=20, space=space))
        return sum(point["x"] > 0.75 for point in points)

    assert near({"state": state}) <= 2 < near({"state": "complete", "value": 0.0})


def test_a_space_that_has_no_more_gives_fewer(advisor: Advisor) -> None:
    space: Json = {"a": {"values": [1, 2, 3]}, "b": {"values": ["x", None]}}
    points = advisor.ask(question([], count=9, space=space))["points"]
    assert len(points) == 6
    known = [{"params": point, "state": "complete", "value": point["a"]} for point in points]
    assert advisor.ask(question(known, count=2, space=space))["points"] == []
    [left] = advisor.ask(question(known[1:], count=2, space=space))["points"]
    assert left == points[0]


def test_both_directions_are_searched() -> None:
    space: Json = {"x": {"low": 0, "high": 1, "scale": "linear"}}
    known = [
        {"params": {"x": number / 29}, "state": "complete", "value": number} for number in range(30)
    ]
    up = suggest(question(known, count=10, space=space, goal="max"))
    down = suggest(question(known, count=10, space=space, goal="min"))
    assert statistics.mean(p["x"] for p in up) > 0.8 > 0.2 > statistics.mean(p["x"] for p in down)


def test_bad_questions_are_answered_and_so_is_the_next(advisor: Advisor) -> None:
    assert advisor.ask(b"nonsense")["error"]["code"] == "bad-message"
    assert advisor.ask(b"[" * 100_000)["error"]["code"] == "bad-message"
    assert advisor.ask(b"[]")["error"]["code"] == "bad-message"
    assert advisor.ask(question([], goal="up"))["error"]["code"] == "bad-message"
    assert advisor.ask(b" " * (3 * schema()["maxBytes"]))["error"]["code"] == "too-large"
    downward = {"x": {"low": 2, "high": 1, "scale": "linear"}}
    negative = {"x": {"low": -2, "high": 1, "scale": "log"}}
    for space in (downward, negative):
        answer = advisor.ask(question([], space=space))
        assert answer["id"] == "q"
        assert answer["error"]["code"] == "no-advice"
        assert "--search random" in answer["error"]["hint"]
    assert "points" in advisor.ask(question([]))


def test_without_optuna_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "optuna.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'optuna'\", name='optuna')"
    )
    error = ask_of(question([]), tmp_path)["error"]
    assert error["code"] == "no-optuna"
    assert "not installed" in error["message"]
    assert "pip install 'jupyterlab-saturn[search]'" in error["hint"]
    assert "--search random" in error["hint"]


def test_an_optuna_that_is_too_old_is_refused(tmp_path: Path) -> None:
    (tmp_path / "optuna.py").write_text("__version__ = '3.6.1'")
    error = ask_of(question([]), tmp_path)["error"]
    assert error["code"] == "no-optuna"
    assert "3.6.1" in error["message"]


def test_steps_end_within_the_range() -> None:
    odd = dimension({"low": 1, "high": 10, "scale": "linear", "whole": True, "stride": 4})
    assert [odd.value(place) for place in range(3)] == [1, 5, 9]
    assert [odd.place(value) for value in (1, 5, 9, 10, 3)] == [0, 1, 2, None, None]
    tenth = dimension({"low": 0.1, "high": 0.3, "scale": "linear", "stride": 0.1})
    assert [tenth.value(place) for place in range(3)] == [0.1, 0.2, 0.3]


def test_numbers_have_the_digits_that_matter() -> None:
    wide = dimension({"low": 1e-5, "high": 0.1, "scale": "log"})
    assert wide.value(0.00123456789) == 0.00123457
    narrow = dimension({"low": 1000, "high": 1001, "scale": "linear"})
    assert narrow.value(1000.123456789) == 1000.123457
    third = dimension({"low": 1 / 3, "high": 2 / 3, "scale": "linear"})
    assert [third.value(end) for end in (1 / 3, 2 / 3)] == [1 / 3, 2 / 3]


def test_it_finds_better_points_than_chance() -> None:
    space: Json = {
        "lr": {"low": 1e-5, "high": 1, "scale": "log"},
        "width": {"values": [16, 32, 64, 128]},
        "layers": {"low": 1, "high": 8, "scale": "linear", "whole": True},
    }

    def loss(point: Json) -> float:
        off = (math.log10(point["lr"]) + 2.5) / 2.5
        return off**2 + abs(point["layers"] - 5) / 8 + (0 if point["width"] == 64 else 0.2)

    def best(seed: int, learns: bool) -> float:
        known: list[Json] = []
        for number in range(40):
            told = known if learns else []
            [point] = suggest(question(told, space=space, seed=seed, first=number))
            known.append({"params": point, "state": "complete", "value": loss(point)})
        return min(each["value"] for each in known)

    seeds = range(6)
    learned = statistics.mean(best(seed, True) for seed in seeds)
    by_chance = statistics.mean(best(seed, False) for seed in seeds)
    assert learned < 0.7 * by_chance

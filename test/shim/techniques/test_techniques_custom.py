"""Techniques of the user's own: what is wrong with them is told in the user's words and lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.training.model.memory_estimate import MemoryEstimate
from jupyterlab_saturn.training.techniques import (
    MOST_DEMANDS,
    TECHNIQUES,
    Choice,
    catalogue,
    demands_of,
)
from ranks import Session, finish
from training_tasks import mlp

GOOD = """
from jupyterlab_saturn.training.techniques import BaseTechnique, Choice, Runner

class Mine(BaseTechnique):
    name = "mine"

    def feasible(self, task, devices, kind):
        return None if devices == 1 else "it is for one device"

    def build(self, task, context):
        return Runner(task, task.model.to(context.device), context)
"""
FOOTPRINT = MemoryEstimate(
    trained=1, frozen=0, optimizer=1, activations=1, checkpointed=1, largest_block=1
)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def spec(source: str = GOOD, **changes: str) -> Json:
    made = {"name": "mine", "target": "cell:Mine", "source": source, **changes}
    wire.validate("TechniqueSpec", made)
    return made


def refused(session: Session, made: Json) -> SaturnError:
    with pytest.raises(SaturnError) as caught:
        catalogue([made])
    assert caught.value.code == "bad-technique"
    return caught.value


def test_three_things_make_a_technique(session: Session) -> None:
    found = catalogue([spec()])
    assert list(found) == [*TECHNIQUES, "mine"]
    mine, task = found["mine"], mlp()
    assert mine.name == "mine"
    assert mine.feasible(task, 1, "cpu") is None
    assert mine.feasible(task, 2, "cuda") == "it is for one device"
    assert mine.choices(task, 1) == [Choice()]
    assert mine.estimate(FOOTPRINT, 1, {}) == 0


def test_what_it_demands_is_its_own_to_say() -> None:
    for stated in (set(), {"equal-state"}):
        made = catalogue([spec(f"{GOOD}    demands = {stated!r}")])["mine"]
        assert demands_of(made) == stated
    assert demands_of(catalogue([spec()])["mine"]) == MOST_DEMANDS


def test_it_trains(session: Session) -> None:
    task = session.spec(mlp, "plain")
    finish(session.train(task, "single"))
    own = {**task, "name": "own"}
    finish(session.train(own, "mine", techniques=[spec()]))
    expected = session.weights(task)
    assert all((session.weights(own)[n] == w).all() for n, w in expected.items())


def test_a_class_by_its_import_path_is_found(session: Session) -> None:
    made = {"name": "sound", "target": "broken_techniques:Sound"}
    assert catalogue([made])["sound"].name == "sound"
    error = refused(session, {**made, "target": "no_such_module:Sound"})
    assert "No module named 'no_such_module'" in error.message
    assert (
        "no attribute 'Silence'"
        in refused(session, {**made, "target": "broken_techniques:Silence"}).message
    )


def test_a_mistake_in_the_cell_is_shown_with_its_line(session: Session) -> None:
    error = refused(session, spec(f"{GOOD}\nprint(undefined_thing)\n"))
    assert "NameError" in error.message
    assert error.traceback is not None
    assert "print(undefined_thing)" in error.traceback
    assert "custom.py" not in error.traceback


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("class Mine: pass", "has no name, feasible, choices, estimate and build"),
        (GOOD.replace("name =", "called ="), "has no name"),
        (GOOD.replace("def build", "def make"), "abstract method"),
        (GOOD.replace('"mine"', '"other"'), "calls itself 'other'"),
        (f"{GOOD}    demands = 'equal-state'", "demands 'equal-state'"),
        (f"{GOOD}    demands = {{'peace'}}", "demands {'peace'}"),
    ],
)
def test_what_is_missing_is_named(session: Session, source: str, words: str) -> None:
    assert words in refused(session, spec(source)).message


def test_a_name_of_the_package_is_taken(session: Session) -> None:
    error = refused(session, spec(GOOD.replace('"mine"', '"ddp"'), name="ddp"))
    assert "'ddp' is the name of a technique that comes with the package" in error.message


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("def feasible(self, task, devices, kind):\n        return 1 // 0", "its feasible raised"),
        ("def feasible(self, task, devices, kind):\n        return False", "did not return a sen"),
        ("def choices(self, task, devices):\n        return 1 // 0", "its choices raised"),
        ("def choices(self, task, devices):\n        return []", "at least one Choice"),
        ("def estimate(self, *_):\n        return 1 // 0", "its estimate raised"),
        ("def estimate(self, *_):\n        return 'much'", "a whole number of bytes"),
    ],
)
def test_a_mistake_costs_its_own_strategies_only(session: Session, method: str, words: str) -> None:
    request = {
        "kind": "inspect",
        "tasks": [session.spec(mlp)],
        "maxDevices": 1,
        "techniques": [spec(f"{GOOD}\n    {method}\n")],
    }
    group = session.start(request)
    assert group.wait() == [0], group.log
    verdicts = group.of("inspected")[0]["result"]["inspection"]["feasibility"]
    (mine,) = [each for each in verdicts if each["strategy"]["technique"] == "mine"]
    assert not mine["feasible"]
    assert words in mine["reason"]
    if "raised" in words:
        assert "ZeroDivisionError" in mine["reason"]
        assert '<technique Mine>", line 1' in mine["reason"]
    assert any(each["feasible"] for each in verdicts)


def test_a_mistake_in_a_step_is_told_with_the_users_lines(session: Session) -> None:
    source = GOOD.replace(
        "        return Runner(", "        raise RuntimeError('not today')\n        return Runner("
    )
    group = session.train(session.spec(mlp, "raises"), "mine", techniques=[spec(source)])
    assert group.wait() == [1]
    error = group.of("failed")[0]["error"]
    assert "not today" in error["message"]
    assert "raise RuntimeError('not today')" in error["traceback"]

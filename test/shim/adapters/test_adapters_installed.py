"""Adapters that other packages bring: asked first, alone to claim, and named when they fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installed_package import install, installed_from
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.adapters import adapt
from training_tasks import mlp

SOURCE = """
from jupyterlab_saturn.training.adapters import Adapter, is_a


class Ducks(Adapter):
    def claims(self, made):
        return is_a(made, "duck.Duck")

    def adapt(self, made):
        return made.task
"""


class Duck:
    """Of a library that nobody imports to know it."""

    __module__ = "duck"
    __qualname__ = "Duck"

    def __init__(self, task: Any) -> None:
        self.task = task


class Drake(Duck):
    """One derived from it, wherever it is."""


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    """A folder on the path, with a package that brings one adapter."""
    install(tmp_path, "saturn-ducks", SOURCE, adapters={"ducks": "Ducks"})
    with installed_from(tmp_path):
        yield tmp_path


@pytest.mark.parametrize("kind", [Duck, Drake])
def test_it_is_there_by_being_installed(packages: Path, kind: type[Duck]) -> None:
    task = mlp()
    assert adapt(kind(task)).model is task.model
    assert adapt(task).model is task.model
    assert adapt((1, 2, 3)) == (1, 2, 3)


def test_without_it_the_object_is_nothing_known() -> None:
    duck = Duck(mlp())
    assert adapt(duck) is duck


def test_it_goes_before_those_of_the_package(packages: Path) -> None:
    """It may know a more special kind of what they know."""

    class Special(Duck):
        pass

    trainer = type("Trainer", (), {"__module__": "transformers.trainer"})
    both = type("Both", (Special, trainer), {})
    task = mlp()
    assert adapt(both(task)).model is task.model


def test_two_that_claim_the_same_are_both_named(packages: Path) -> None:
    install(packages, "saturn-geese", SOURCE, adapters={"geese": "Ducks"})
    with pytest.raises(SaturnError) as caught:
        adapt(Duck(mlp()))
    assert caught.value.code == "ambiguous-task"
    assert "saturn-ducks 0.1 and saturn-geese 0.1" in caught.value.message


@pytest.mark.parametrize(
    ("name", "source", "entries", "words"),
    [
        ("gone", "import nothing_like_it", {"gone": "Gone"}, "No module named 'nothing_like_it'"),
        ("light", SOURCE, {"lightning": "Ducks"}, "that comes with jupyterlab_saturn"),
        ("ducks", SOURCE, {"ducks": "Ducks"}, "one of the package saturn-ducks 0.1"),
        ("none", "class None_: pass", {"none": "None_"}, "is no adapter: it has no claims"),
        (
            "raises",
            SOURCE.replace('is_a(made, "duck.Duck")', "1 / 0"),
            {"raises": "Ducks"},
            "cannot say whether it claims a int: ZeroDivisionError",
        ),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_package(
    packages: Path, name: str, source: str, entries: dict[str, str], words: str
) -> None:
    install(packages, f"saturn-zz-{name}", source, adapters=entries)
    with pytest.raises(SaturnError) as caught:
        adapt(7)
    assert caught.value.code == "bad-entry-point"
    assert f"the package saturn-zz-{name} 0.1" in caught.value.message
    assert words in caught.value.message
    assert isinstance(adapt(mlp()), Task)  # which is for no adapter


def test_what_it_makes_must_be_a_task(packages: Path) -> None:
    with pytest.raises(SaturnError) as caught:
        adapt(Duck("quack"))
    assert caught.value.code == "bad-entry-point"
    assert "saturn-ducks 0.1" in caught.value.message
    assert "made a str of a Duck, not a Task" in caught.value.message

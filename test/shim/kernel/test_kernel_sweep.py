"""Sweeps: from typed words to task specs."""

from __future__ import annotations

import random
from typing import Any

import pytest
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.capture import Captured
from jupyterlab_saturn.kernel.line_splitting import split_words
from jupyterlab_saturn.kernel.sweep import check_parameters, parse_sweep, space_of
from jupyterlab_saturn.kernel.task_specs import Factory

CAPTURED = Captured(b"", "0" * 32 + ".pkl", "f" * 64, "f" * 64, "def digits(): ...")


def specs(line: str, **options: Any) -> list[dict[str, Any]]:
    return factory(**options).expand(parse_sweep(split_words(line)))


def factory(name: str = "digits", captured: Captured = CAPTURED, **options: Any) -> Factory:
    return Factory(name, captured, **options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("32", 32),
        ("-4", -4),
        ("1_000", 1000),
        ("1e-3", 1e-3),
        (".5", 0.5),
        ("2.", 2.0),
        ("True", True),
        ("false", False),
        ("mlp", "mlp"),
        ("bert-base/uncased", "bert-base/uncased"),
        ('"1"', "1"),
        ("'a, b'", "a, b"),
        ("'None'", "None"),
        ("nan", "nan"),
        ("None", None),
        ("[[1,2]]", [1, 2]),
        ("[['a, b', None], ]", ["a, b", None]),
        ("[[[1], []]]", [[1], []]),
        ("a[b", "a[b"),
        ("b]", "b]"),
    ],
)
def test_values_have_the_type_they_look_like(text: str, value: Any) -> None:
    (found,) = parse_sweep(split_words(f"x={text}"))["x"]
    assert found.value == value
    assert type(found.value) is type(value)


def test_names_keep_values_as_typed_and_follow_the_sweep() -> None:
    found = specs("model=mlp,cnn lr=1e-3,3e-3", epochs=2.0, origin="cell-1")
    assert [spec["name"] for spec in found] == [
        "digits-mlp-1e-3",
        "digits-mlp-3e-3",
        "digits-cnn-1e-3",
        "digits-cnn-3e-3",
    ]
    assert found[0]["params"] == {"model": "mlp", "lr": 1e-3}
    assert len({spec["hash"] for spec in found}) == 4
    for spec in found:
        wire.validate("TaskSpec", spec)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("x=[1,2],0.1", [[1, 2], 0.1]),
        ("x=[0.05, 0.3]", [0.05, 0.3]),
        ("x=['mlp', 'cnn']", ["mlp", "cnn"]),
        ("x='a,b',\"c d\"", ["a,b", "c d"]),
        ("x=None,1,True", [None, 1, True]),
        ("x=[64, 32],[8],[]", [[64, 32], [8], []]),
    ],
)
def test_lists_and_texts_with_commas_are_values(line: str, values: list[Any]) -> None:
    found = specs(f"{line} y=1")
    assert [spec["params"]["x"] for spec in found] == values
    assert len({spec["name"] for spec in found}) == len({spec["hash"] for spec in found})
    for spec in found:
        wire.validate("TaskSpec", spec)


def test_whatever_is_written_is_read_back() -> None:
    chance = random.Random(0)

    def some(depth: int) -> Any:
        plain = [None, True, 3, -0.5, 1e-7, "mlp", "a, b", "[x", "it's", 'say "x"', "1", ""]
        if depth and chance.random() < 0.4:
            return [some(depth - 1) for _ in range(chance.randrange(4))]
        return chance.choice(plain)

    def written(value: Any) -> str:
        if isinstance(value, list):
            return "[" + chance.choice([",", ", "]).join(map(written, value)) + "]"
        return repr(value)

    for _ in range(500):
        values = {repr(value): value for value in [some(3) for _ in range(4)]}
        (parsed,) = parse_sweep(
            split_words(f"x=[{', '.join(map(written, values.values()))}]")
        ).values()
        assert [each.value for each in parsed] == list(values.values())


def test_the_issue_sweep_makes_twelve() -> None:
    assert len(specs("model=mlp,cnn,vit batch_size=32,64 lr=1e-3,3e-3")) == 12


def test_hash_depends_on_code_arguments_length_and_seed_only() -> None:
    base = specs("a=1")[0]["hash"]
    assert specs("a=1", origin="other")[0]["hash"] == base
    changed = [
        specs("a=2")[0],
        specs("a='1'")[0],
        specs("a=1", seed=1)[0],
        specs("a=1", steps=5)[0],
    ]
    assert len({base, *(spec["hash"] for spec in changed)}) == 5


def test_names_fit_the_wire() -> None:
    for line in ("path='/data/my set,1'", "name=" + "x" * 200, "x=é"):
        for spec in specs(line):
            wire.validate("TaskSpec", spec)
    (spec,) = factory("_private").expand({})
    assert spec["name"] == "private"


@pytest.mark.parametrize(
    ("line", "code", "named"),
    [
        ("lr", "bad-sweep", "'lr'"),
        ("lr=", "bad-sweep", "'lr'"),
        ("lr=1,,2", "bad-sweep", "'lr'"),
        ("1x=2", "bad-sweep", "1x"),
        ("lr=1 lr=2", "bad-sweep", "'lr'"),
        ("lr=1e999", "bad-sweep", "'lr'"),
        (f"lr={2**60}", "bad-sweep", "'lr'"),
        ("", "bad-sweep", "no parameter"),
        ("a='x", "bad-quotes", "'x"),
        ("a=1,1", "duplicate-point", "1"),
        ("lr=0.1,1e-1,0.10", "duplicate-point", "0.1 and 1e-1"),
        ("a=1,1.0", "duplicate-point", "1 and 1.0"),
        ("a=[1,2],[1,2.0]", "duplicate-point", "'a'"),
        ("a=[]", "bad-sweep", "no values"),
        ("a=(1,2),3", "bad-sweep", "tuple"),
        ("a=[(1,2)]", "bad-sweep", "tuple"),
        ("a={'b': 1}", "bad-sweep", "dict"),
        ("a=[1,2", "bad-quotes", "[1,2"),
        ("a=[1,,2]", "bad-sweep", "'a'"),
        ("a=1, 2", "bad-sweep", "'a'"),
        ("a='x/y','x_y'", "duplicate-task", "digits-x_y"),
    ],
)
def test_bad_sweeps_name_what_is_wrong(line: str, code: str, named: str) -> None:
    with pytest.raises(SaturnError) as caught:
        specs(line)
    assert caught.value.code == code
    assert named in caught.value.message


def test_python_sweeps() -> None:
    assert space_of({"x": [[1, [None]], None]})["x"][0].value == [1, [None]]
    grid = space_of({"model": ["mlp"], "lr": (0.1, 1), "deep": True, "name": "one"})
    assert [[value.text for value in values] for values in grid.values()] == [
        ["mlp"],
        ["0.1", "1"],
        ["True"],
        ["one"],
    ]
    for bad in (
        {"x": [object()]},
        {"x": []},
        {"x": [float("inf")]},
        {"x": [(1,)]},
        {"x": [1, 1.0]},
    ):
        with pytest.raises(SaturnError, match="'x'"):
            space_of(bad)


def test_parameters_must_fit_the_function() -> None:
    def digits(model: str, lr: float, depth: int = 2) -> None: ...

    def anything(**options: Any) -> None: ...

    check_parameters(digits, ["model", "lr"])
    check_parameters(anything, ["whatever"])
    with pytest.raises(SaturnError, match="'modle'"):
        check_parameters(digits, ["modle", "lr"])
    with pytest.raises(SaturnError, match="'lr'"):
        check_parameters(digits, ["model"])


def test_what_trains_the_same_is_told_where_it_is_not_all() -> None:
    (plain,) = factory().expand({})
    assert "trainingHash" not in plain
    measured = Captured(b"", CAPTURED.file, "a" * 64, CAPTURED.training, "")
    (spec,) = factory(captured=measured).expand({})
    assert spec["trainingHash"] == plain["hash"] != spec["hash"]
    (other,) = factory(captured=measured, seed=1).expand({})
    assert other["trainingHash"] not in (spec["trainingHash"], other["hash"])

"""Searches: from typed words to what the engine reads."""

from __future__ import annotations

import importlib.util
from typing import Any

import jupyterlab_saturn
import pytest
from jupyterlab_saturn import between, wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel import search
from jupyterlab_saturn.kernel.completion import complete
from jupyterlab_saturn.kernel.line_splitting import split_words
from jupyterlab_saturn.kernel.ranges import Range
from jupyterlab_saturn.kernel.search import chosen_search, metric_choice, stop_rule, sweep_spec
from jupyterlab_saturn.kernel.sweep import Space, parse_sweep, space_of


def space(line: str) -> Space:
    return parse_sweep(split_words(line))


def dimension(text: str) -> Any:
    (found,) = space(f"x={text}").values()
    assert isinstance(found, Range)
    return found.as_dimension()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1e-5..1e-1", {"low": 1e-5, "high": 0.1, "scale": "log"}),
        ("0.1..10.", {"low": 0.1, "high": 10.0, "scale": "linear"}),
        ("0.1..10.1", {"low": 0.1, "high": 10.1, "scale": "log"}),
        ("lin:1e-5..1e-1", {"low": 1e-5, "high": 0.1, "scale": "linear"}),
        ("log:.1..1.", {"low": 0.1, "high": 1.0, "scale": "log"}),
        ("-1..1", {"low": -1, "high": 1, "scale": "linear", "whole": True}),
        ("0..1e3", {"low": 0, "high": 1000.0, "scale": "linear"}),
        ("2..8", {"low": 2, "high": 8, "scale": "linear", "whole": True}),
        ("2..8:2", {"low": 2, "high": 8, "scale": "linear", "whole": True, "stride": 2}),
        ("8..4_096", {"low": 8, "high": 4096, "scale": "log", "whole": True}),
        ("8..4096:8", {"low": 8, "high": 4096, "scale": "linear", "whole": True, "stride": 8}),
        ("0..1:0.1", {"low": 0, "high": 1, "scale": "linear", "stride": 0.1}),
    ],
)
def test_ranges_are_read_with_their_scale(text: str, read: Any) -> None:
    assert dimension(text) == read
    wire.validate("Dimension", read)


@pytest.mark.parametrize("text", ["../data", "'1..2'", "a..b", "v1..v2", "http://x", "1.5"])
def test_texts_with_dots_are_no_ranges(text: str) -> None:
    (values,) = space(f"x={text}").values()
    assert not isinstance(values, Range)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("1e-5..", "x=1e-5.. is no range"),
        ("1..b", "no range"),
        ("log:0.1", "no range"),
        ("1..2:x", "no range"),
        ("1..2,3", "among other values"),
        ("0.1,1..2", "among other values"),
        ("1..1e999", "finite"),
        ("1..2:0", "stride 0"),
        ("1e-5...1e-1", "no range"),
        ("ln:1e-3..1", "no range"),
        ("nan..1", "no range"),
        ("-INF..1", "no range"),
    ],
)
def test_what_is_nearly_a_range_is_refused_with_how_to_write_it(text: str, named: str) -> None:
    with pytest.raises(SaturnError, match=named) as caught:
        space(f"x={text}")
    assert caught.value.code == "bad-sweep"
    assert "1e-5..1e-1" in (caught.value.hint or "")


def test_python_says_the_same() -> None:
    assert jupyterlab_saturn.between is between
    found = space_of({"lr": between(1e-5, 1e-1), "layers": between(2, 8, stride=2), "width": [8]})
    assert {name: found[name] for name in ("lr", "layers")} == {
        **space("lr=1e-5..1e-1"),
        **space("layers=2..8:2"),
    }
    assert between(1, 10, log=True).as_dimension()["scale"] == "log"
    for bad in (
        lambda: between("1", 2),
        lambda: between(0, float("nan")),
        lambda: between(0, True),
    ):  # type: ignore[arg-type]
        with pytest.raises(SaturnError, match="range cannot have"):
            bad()
    with pytest.raises(SaturnError, match="among other values"):
        space_of({"lr": [0.1, between(1, 2)]})
    with pytest.raises(SaturnError, match="True or False"):
        between(1, 2, log="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("accuracy", {"metric": "accuracy"}),
        ("-loss", {"metric": "loss", "goal": "min"}),
        ("min:loss", {"metric": "loss", "goal": "min"}),
        ("max:bleu", {"metric": "bleu", "goal": "max"}),
        ("accuracy:max", {"metric": "accuracy", "goal": "max"}),
        ("a:b:max", {"metric": "a:b", "goal": "max"}),
    ],
)
def test_what_is_better_is_a_metric_and_perhaps_a_direction(text: str, read: Any) -> None:
    assert metric_choice(text) == read
    wire.validate("MetricChoice", read)


@pytest.mark.parametrize("text", ["", "-", "accuracy:most", ":max", "min:", "accuracy:"])
def test_a_metric_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(SaturnError, match="which metric") as caught:
        metric_choice(text)
    assert caught.value.code == "bad-criterion"


def test_rules_are_names_with_numbers() -> None:
    assert stop_rule(None) is stop_rule("none") is None
    assert stop_rule("asha") == {"kind": "asha"}
    assert stop_rule("asha:eta=4,first=2") == {"kind": "asha", "eta": 4, "first": 2}
    assert stop_rule("asha:promote,eta=4") == {"kind": "asha", "eta": 4, "promote": True}
    assert stop_rule("median:first=9") == {"kind": "median", "first": 9}
    for text, named in {
        "hyperband": "asha, median, pbt",
        "asha:eta=1": "eta=1",
        "asha:first=0": "first=0",
        "asha:first=1.5": "first=1.5",
        "asha:grace=2": "grace=2",
        "median:eta=4": "eta=4",
        "median:promote": "promote=",
        "asha:eta": "eta=",
    }.items():
        with pytest.raises(SaturnError) as caught:
            stop_rule(text)
        assert caught.value.code == "bad-stop"
        assert named in f"{caught.value.message} {caught.value.hint}"


def test_the_search_is_the_best_there_is_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    ranges, grid = space("lr=1e-5..1e-1"), space("lr=0.1,1")
    by = metric_choice("accuracy")
    assert chosen_search(None, grid, None, by) == ("grid", "")
    assert chosen_search(None, grid, 1, by)[0] == "random"
    assert chosen_search("qmc", ranges, 5, None) == ("qmc", "")
    assert chosen_search(None, ranges, 5, by, stop_rule("pbt"))[0] == "random"
    kind, why = chosen_search(None, ranges, 5, None)
    assert (kind, "--by" in why) == ("random", True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert chosen_search(None, ranges, 5, by)[0] == chosen_search("tpe", ranges, 5, by)[0] == "tpe"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    kind, why = chosen_search(None, ranges, 5, by)
    assert (kind, "Optuna" in why) == ("random", True)
    with pytest.raises(SaturnError) as caught:
        chosen_search("tpe", ranges, 5, by)
    assert caught.value.code == "no-optuna"
    assert "pip install" in (caught.value.hint or "")
    with pytest.raises(SaturnError, match="no search 'grid'"):
        chosen_search("grid", ranges, 5, by)


def test_a_sweep_is_what_the_wire_says() -> None:
    spec = sweep_spec(
        "net",
        space("lr=1e-5..1e-1 width=64,128 act=None"),
        search="random",
        seed=3,
        points=5,
        stop=stop_rule("asha"),
    )
    wire.validate("SweepSpec", spec)
    assert spec["space"]["width"] == {"values": [64, 128], "texts": ["64", "128"]}
    with pytest.raises(SaturnError, match="nothing to search"):
        sweep_spec("net", {}, search="random", seed=0, points=5)
    for points in (0, -1, 10_001):
        with pytest.raises(SaturnError, match=f"{points} points"):
            sweep_spec("net", space("lr=1..2"), search="random", seed=0, points=points)
    for other in ("3", 3.0, True):
        with pytest.raises(SaturnError, match="cannot have"):
            sweep_spec("net", space("lr=1..2"), search="random", seed=0, points=other)  # type: ignore[arg-type]
    for read in (metric_choice, stop_rule):
        with pytest.raises(SaturnError, match="is no text"):
            read(3)  # type: ignore[arg-type]


def test_options_are_completed() -> None:
    class Event:
        def __init__(self, text: str) -> None:
            self.text_until_cursor = text

    assert complete(Event("%%saturn task --search "), None, {}) == [*search.SEARCHES]
    assert complete(Event("%%saturn task --stop "), None, {}) == ["none", "asha", "median", "pbt"]
    assert complete(Event("%%saturn task --by "), None, {}) == ["loss"]
    options = complete(Event("%%saturn task --sweep lr=1..2 --"), None, {})
    assert {"--points", "--search", "--stop", "--by"} <= {*options}

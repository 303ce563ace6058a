"""How the points of a sweep are chosen, compared and given up, as the engine reads it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, cast

from ..errors import SaturnError
from .ranges import Range
from .sweep import Space, Value

if TYPE_CHECKING:
    from ..generated.wire_types import Dimension, MetricChoice, StopRule, SweepSpec, TaskSpec

Search = Literal["random", "qmc", "tpe"]

#: What chooses points.
SEARCHES: tuple[Search, ...] = ("tpe", "random", "qmc")
#: By what tasks are given up, and the numbers that each rule takes.
STOP_RULES: Mapping[str, tuple[str, ...]] = {
    "asha": ("eta", "first"),
    "median": ("first",),
    "pbt": ("first",),
}

_GOALS = ("max", "min")


def metric_choice(text: str | None) -> MetricChoice | None:
    """The wire's ``MetricChoice`` of ``accuracy``, ``-loss``, ``min:loss`` or ``accuracy:max``.

    Whether more or less is better is left to the engine, where the text does not say it.

    Raises SaturnError ``bad-criterion``.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise SaturnError(
            "bad-criterion", f"by={text!r} is no text.", 'Name one metric, e.g. by="accuracy".'
        )
    head, colon, tail = text.partition(":")
    if colon and head in _GOALS:
        metric, goal = tail, head
    elif colon:
        metric, _, goal = text.rpartition(":")
    else:
        metric, goal = text.removeprefix("-"), "min" if text.startswith("-") else ""
    if not metric or (colon and goal not in _GOALS):
        raise SaturnError(
            "bad-criterion",
            f"{text!r} does not say which metric is to be large or small.",
            "Write a metric, e.g. --by accuracy, --by -loss, --by max:bleu or --by min:loss.",
        )
    choice: MetricChoice = {"metric": metric}
    if goal:
        choice["goal"] = "max" if goal == "max" else "min"
    return choice


def stop_rule(text: str | None) -> StopRule | None:
    """The wire's ``StopRule`` of ``median`` or ``asha:eta=4,promote``; None of ``none``.

    Raises SaturnError ``bad-stop``.
    """
    if text is None or text == "none":
        return None
    if not isinstance(text, str):
        raise SaturnError(
            "bad-stop", f"stop={text!r} is no text.", 'Name a rule, e.g. stop="asha:first=2".'
        )
    kind, _, numbers = text.partition(":")
    if kind not in STOP_RULES:
        known = ", ".join([*STOP_RULES, "none"])
        raise SaturnError(
            "bad-stop",
            f"There is no rule {kind!r} to give up tasks by.",
            f"There are: {known}. E.g. --stop asha, or --stop asha:eta=4,first=2",
        )
    rule = cast("StopRule", {"kind": kind})
    for word in filter(None, numbers.split(",")):
        if kind == "asha" and word == "promote":
            rule["promote"] = True
            continue
        name, _, value = word.partition("=")
        number = _rule_number(kind, name, value)
        if name == "eta":
            rule["eta"] = number
        else:
            rule["first"] = int(number)
    return rule


def _rule_number(kind: str, name: str, text: str) -> float:
    allowed = STOP_RULES[kind]
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    fits = number > 1 if name == "eta" else number >= 1 and number.is_integer()
    if name in allowed and fits:
        return number
    kinds = {"eta": "eta above 1 (one of so many goes on)", "first": "first of 1 step or more"}
    known = [kinds[each] for each in allowed] + (["promote"] if kind == "asha" else [])
    raise SaturnError(
        "bad-stop",
        f"The rule {kind!r} takes no {name}={text}.",
        f"It takes {' and '.join(known)}, e.g. --stop {kind}:first=2",
    )


def chosen_search(
    search: str | None,
    space: Space,
    points: int | None,
    by: MetricChoice | None,
    stop: StopRule | None = None,
) -> tuple[Search | Literal["grid"], str]:
    """What chooses the points, and why, in words; no words where it was said.

    Raises SaturnError ``bad-search``, ``no-optuna``.
    """
    has_ranges = any(isinstance(values, Range) for values in space.values())
    if search is not None:
        if search not in SEARCHES:
            raise SaturnError(
                "bad-search",
                f"There is no search {search!r}.",
                f"There are: {', '.join(SEARCHES)}. Without --points, all of a grid is tried.",
            )
        if search == "tpe" and not _has_optuna():
            raise SaturnError(
                "no-optuna",
                "The search tpe is made by Optuna, which is not installed here.",
                'Install it: %pip install "jupyterlab_saturn[search]"; or say --search random.',
            )
        return search, ""
    if not has_ranges:
        return ("grid", "") if points is None else ("random", "random, of the grid")
    if stop is not None and stop["kind"] == "pbt":
        return "random", "random, as pbt goes on from there"
    if by is None:
        return "random", "random, as no --by says which is better"
    if not _has_optuna():
        return "random", "random, as Optuna is not installed (jupyterlab_saturn[search])"
    return "tpe", "tpe, by Optuna"


def _has_optuna() -> bool:
    return importlib.util.find_spec("optuna") is not None


def sweep_spec(
    name: str,
    space: Space,
    *,
    search: Search | Literal["grid"],
    seed: int,
    points: int | None = None,
    stop: StopRule | None = None,
    template: TaskSpec | None = None,
) -> SweepSpec:
    """The wire's ``SweepSpec``. Raises SaturnError ``bad-sweep`` where nothing is to be varied."""
    if not space:
        raise SaturnError(
            "bad-sweep",
            "There is nothing to search: the sweep names no parameter.",
            "Add one, e.g. --sweep lr=1e-5..1e-1",
        )
    if points is not None and (isinstance(points, bool) or not isinstance(points, int)):
        raise SaturnError(
            "bad-sweep",
            f"A sweep cannot have {points!r} points.",
            "Ask for a whole number of them.",
        )
    if points is not None and not 1 <= points <= 10_000:
        raise SaturnError(
            "bad-sweep", f"A sweep cannot have {points} points.", "Ask for 1 to 10000."
        )
    spec: SweepSpec = {
        "name": name,
        "space": {parameter: _dimension(values) for parameter, values in space.items()},
        "search": search,
        "seed": seed,
    }
    if points is not None:
        spec["points"] = points
    if stop is not None:
        spec["stop"] = stop
    if template is not None:
        spec["template"] = template
    return spec


def _dimension(values: list[Value] | Range) -> Dimension:
    if isinstance(values, Range):
        return values.as_dimension()
    return {"values": [each.value for each in values], "texts": [each.text for each in values]}


def scale_words(space: Space) -> list[str]:
    """What is said of ranges that go by logarithm without having been asked to."""
    names = [
        name
        for name, values in space.items()
        if isinstance(values, Range) and values.log is None and values.by_logarithm
    ]
    return [f"By logarithm: {', '.join(names)}."] if names else []

"""Points of a sweep by TPE, from all that is known of it: nothing is remembered in between."""

from __future__ import annotations

import json
import warnings
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from .dimensions import Dimension, dimension

if TYPE_CHECKING:
    from ..generated.wire_types import Advise, KnownPoint

_DIRECTIONS = {"max": StudyDirection.MAXIMIZE, "min": StudyDirection.MINIMIZE}

_TRIES = 8
_RANDOM_TRIES = 64
"""After that, of a space that has an end, hardly one point is left."""


def suggest(question: Advise) -> list[dict[str, Any]]:
    """Further points, each a value for every parameter, none of which is known.

    They follow from the question alone. Many at a time are the same as one after the other, where
    each is told as running in the question after it.

    Returns
    -------
    Fewer than were asked for where the space has no more.

    Raises
    ------
    ValueError
        The space cannot be searched.
    """
    space = {name: dimension(told) for name, told in question["space"].items()}
    study = optuna.create_study(direction=_DIRECTIONS[question["goal"]])
    trials = [trial for known in question["known"] if (trial := _trial(space, known)) is not None]
    study.add_trials(trials)
    points: list[dict[str, Any]] = []
    taken = {_text(known["params"]) for known in question["known"]}
    for number in range(question["first"], question["first"] + question["count"]):
        point = _next(study, space, taken, f"{question['seed']}/{number}")
        if point is None:
            break
        taken.add(_text(point))
        points.append(point)
    return points


def _next(
    study: optuna.Study, space: Mapping[str, Dimension], taken: set[str], seed: str
) -> dict[str, Any] | None:
    """A point that nobody has; None when none is found. It stays in the study, as running."""
    drawn = {name: of.drawn for name, of in space.items()}
    for number in range(_TRIES + _RANDOM_TRIES):
        # Made anew each time: what a sampler has drawn before must not matter.
        study.sampler = _sampler(zlib.crc32(f"{seed}/{number}".encode()), number < _TRIES)
        trial = study.ask(drawn)
        point = {name: of.value(trial.params[name]) for name, of in space.items()}
        if _text(point) not in taken:
            return point
        study.tell(trial, state=TrialState.FAIL)
    return None


def _sampler(seed: int, by_tpe: bool) -> optuna.samplers.BaseSampler:
    if not by_tpe:
        return optuna.samplers.RandomSampler(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # Points that still train keep others away from where they are.
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _trial(space: Mapping[str, Dimension], known: KnownPoint) -> FrozenTrial | None:
    """A point as Optuna has it; None for one of another space, which it would refuse."""
    if known["params"].keys() != space.keys():
        return None
    places = {name: of.place(known["params"][name]) for name, of in space.items()}
    if None in places.values():
        return None
    value = known.get("value")
    state, final, before = TrialState.PRUNED, None, {}
    if known["state"] == "running":
        state = TrialState.RUNNING
    elif known["state"] == "complete" and value is not None:
        state, final = TrialState.COMPLETE, value
    elif known["state"] == "stopped" and value is not None:
        before = {known.get("step", 0): value}
    # What has no value is worse than all others. Of what failed Optuna would learn nothing, and
    # suggest it again.
    return create_trial(
        state=state,
        value=final,
        params=places,
        distributions={name: of.drawn for name, of in space.items()},
        intermediate_values=before,
    )


def _text(point: Mapping[str, Any]) -> str:
    return json.dumps(point, sort_keys=True)

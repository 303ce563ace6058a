"""What a technique must do, one check for each promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from ...task import Task
from ..runtime.process_group import ProcessGroup
from ..techniques import DEMANDS
from .oddities import ODDITIES, odd
from .oddity import Oddity, plain_model, plain_task
from .technique_under_test import TechniqueUnderTest, difference, metric_difference
from .test_bench import SINGLE

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy

_COUNTS = range(1, 9)


@dataclass(frozen=True)
class Check:
    """A promise and how it is looked into.

    Attributes
    ----------
    name
        Stable, for programs.
    promise
        What holds when it passes.
    problems
        Finds in what it does not hold.
    remark
        What else there is to say where it holds; the promise when that is None.
    """

    name: str
    promise: str
    problems: Callable[[TechniqueUnderTest], Iterator[str]]
    remark: Callable[[TechniqueUnderTest], str | None] = lambda _: None


def _runs(candidate: TechniqueUnderTest) -> Iterator[str]:
    if not list(candidate.strategies()):
        refusals = candidate.refusals(candidate.devices)
        told = "; ".join(f"on {devices}: {reason}" for devices, reason in refusals.items())
        yield f"it can run nothing ({told})"


def _trains(**options: Any) -> Callable[[TechniqueUnderTest], Iterator[str]]:
    return lambda candidate: candidate.differences(_alone, **options)


def _evaluates(candidate: TechniqueUnderTest) -> Iterator[str]:
    return candidate.differences(_alone, difference=metric_difference)


def _switches(
    segments: Callable[[Strategy], Sequence[Strategy]],
) -> Callable[[TechniqueUnderTest], Iterator[str]]:
    return lambda candidate: candidate.differences(
        segments, adam=True, scheduled=True, clip_norm=0.2
    )


def _with(oddity: Oddity) -> Check:
    """The check of an oddity, called as that is."""

    def on(candidate: TechniqueUnderTest) -> TechniqueUnderTest:
        return candidate.on(odd, oddity.lacks)

    def problems(candidate: TechniqueUnderTest) -> Iterator[str]:
        segments = _there_and_back if oddity.stops else _alone
        unsaid = sorted(oddity.lacks - candidate.demands)
        hint = f"; it does not say that it demands {' or '.join(unsaid)}" if unsaid else ""
        for problem in on(candidate).differences(segments, difference, oddity=oddity.name):
            yield f"{problem}{hint}"

    def remark(candidate: TechniqueUnderTest) -> str | None:
        refusals = on(candidate).refusals(candidate.devices, oddity=oddity.name)
        if None in refusals.values():
            return None
        reason = str(refusals[candidate.devices[-1]])
        return f"Not run: {reason.rstrip('.')}."

    return Check(oddity.name, oddity.promise, problems, remark)


def _refuses(candidate: TechniqueUnderTest) -> Iterator[str]:
    for name in ODDITIES:
        for devices, reason in candidate.on(odd).refusals(_COUNTS, oddity=name).items():
            told: object = reason
            if told is not None and not (isinstance(told, str) and told.strip()):
                yield f"on {devices}, of {name}: {told!r} is no sentence"
    if list(candidate.on(_frozen).strategies()):
        yield "it says it can train a model that has no parameter to train"


def _needless(candidate: TechniqueUnderTest) -> str | None:
    """What it demands and could do without, as far as the oddities tell."""
    demands, trained = candidate.demands, []
    for demand in reversed(DEMANDS):  # what lacks equal state lacks constant state, too
        fewer = demands - {demand}
        freed = candidate.demanding(fewer)
        lacking = (each for each in ODDITIES.values() if each.lacks & demands == {demand})
        admitted = [each for each in lacking if _runs_on_several(freed, each)]
        if admitted and all(_is_trained(freed, each) for each in admitted):
            demands = fewer
            trained.append(f"{demand} ({', '.join(each.name for each in admitted)})")
    if not trained:
        return None
    return f"It may demand more than it needs: it trained right without {' and '.join(trained)}."


def _runs_on_several(candidate: TechniqueUnderTest, oddity: Oddity) -> bool:
    strategies = candidate.on(odd, oddity.lacks).strategies(oddity=oddity.name)
    return any(strategy["devices"] > 1 for strategy in strategies)


def _is_trained(candidate: TechniqueUnderTest, oddity: Oddity) -> bool:
    return next(_with(oddity).problems(candidate), None) is None


def _frozen() -> Task:
    return plain_task(plain_model().requires_grad_(False))


def _leaves_nothing(candidate: TechniqueUnderTest) -> Iterator[str]:
    for devices in candidate.devices:
        for names in candidate.bench.do(devices, _children):
            if names:
                yield f"on {devices}: {', '.join(names)} still runs"


def _children(world: ProcessGroup) -> list[str]:
    me = psutil.Process()  # type: ignore[no-untyped-call]
    return [child.name() for child in me.children(recursive=True)]  # type: ignore[no-untyped-call]


def _alone(strategy: Strategy) -> list[Strategy]:
    return [strategy]


def _there_and_back(strategy: Strategy) -> list[Strategy]:
    return [strategy, SINGLE, strategy]


CHECKS = (
    Check("runs", "It runs a plain task on one of the device counts.", _runs),
    Check("gradients", "Losses and weights are those of single.", _trains()),
    Check("optimizer", "So they are with AdamW in two groups.", _trains(adam=True)),
    Check("schedule", "The learning rate follows the schedule.", _trains(scheduled=True)),
    Check("clipping", "Gradients are clipped by the norm of all.", _trains(clip_norm=0.2)),
    Check("accumulation", "Micro-batches add up to the batch.", _trains(micro_batches=4)),
    Check("counts", "Losses are weighed by what they count.", _trains(counted=True)),
    Check(
        "random",
        "Dropout under exact_random drops the same.",
        _trains(dropout=0.3, exact_random=True, micro_batches=4),
    ),
    Check("evaluation", "Each held-out sample is evaluated once, by what is exported.", _evaluates),
    Check("resumes", "It goes on from its own checkpoint.", _switches(lambda mine: [mine, mine])),
    Check(
        "from-single", "It goes on from a checkpoint of single.", _switches(lambda m: [SINGLE, m])
    ),
    Check("to-single", "Single goes on from its checkpoint.", _switches(lambda m: [m, SINGLE])),
    *(_with(oddity) for oddity in ODDITIES.values()),
    Check("refuses", "What it cannot do it says in a sentence.", _refuses),
    Check("demands", "It demands what it needs.", lambda _: iter(()), _needless),
    Check("processes", "No process is left behind.", _leaves_nothing),
)

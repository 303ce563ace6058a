"""What a technique must do, one check for each promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from ..runtime.process_group import ProcessGroup
from .probe_tasks import BATCH, ODDITIES, stack
from .technique_under_test import SINGLE, TechniqueUnderTest, metric_difference

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
    """

    name: str
    promise: str
    problems: Callable[[TechniqueUnderTest], Iterator[str]]


def _runs(candidate: TechniqueUnderTest) -> Iterator[str]:
    refusals = [f"on {n}: {candidate.refusal(n)}" for n in candidate.devices]
    if not list(candidate.strategies()):
        yield f"it can run nothing ({'; '.join(refusals)})"


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


def _refuses(candidate: TechniqueUnderTest) -> Iterator[str]:
    candidate = candidate.on(stack)
    for options in _ODD:
        for devices in _COUNTS:
            reason: object = candidate.refusal(devices, **options)
            if reason is not None and not (isinstance(reason, str) and reason.strip()):
                yield f"on {devices}, of {options}: {reason!r} is no sentence"
        if options.get("oddity") != "frozen":  # nothing trains that
            yield from candidate.differences(_alone, **options)
        elif list(candidate.strategies(**options)):
            yield "it says it can train a model that has no parameter to train"


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


_ODD: list[dict[str, Any]] = [{"batch_size": BATCH - 1}, *({"oddity": each} for each in ODDITIES)]

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
    Check("evaluation", "Each held-out sample is evaluated once.", _evaluates),
    Check("resumes", "It goes on from its own checkpoint.", _switches(lambda mine: [mine, mine])),
    Check(
        "from-single", "It goes on from a checkpoint of single.", _switches(lambda m: [SINGLE, m])
    ),
    Check("to-single", "Single goes on from its checkpoint.", _switches(lambda m: [m, SINGLE])),
    Check("refuses", "What it cannot do it says in a sentence, and only that.", _refuses),
    Check("processes", "No process is left behind.", _leaves_nothing),
)

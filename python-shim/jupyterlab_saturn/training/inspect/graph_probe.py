"""Which parameters take part in a loss, and whether that depends on the samples."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ...task import Task
from ..runtime.failure import is_out_of_memory
from ..task.samples import Samples
from ..techniques import Demand
from .deadline import TimeUp
from .gradient import Gradient
from .model_state import ModelState, without_batch_statistics
from .reference_step import ReferenceStep

_CHANCES = 16  # one layer in ten is then left out at least once, all but surely
_CHANCE_SECONDS = 5.0


def changing_graph(
    task: Task, samples: Samples, step: ReferenceStep, batches: Sequence[Sequence[int]]
) -> Iterator[tuple[Demand, str]]:
    """What techniques may demand of how a loss is computed and this one does not meet, and why.

    Parameters
    ----------
    batches
        Indices of the samples of each batch that is tried.

    Raises
    ------
    TimeUp
        Under a `deadline`.
    """
    state = ModelState(task.model)
    with without_batch_statistics(task.model):
        ones = (_of_one(batch[-1:], samples, step, state) for batch in batches)
        made = [step.gradient([(samples.batch(batches[0]), 1.0)], state), *ones]
        by_chance = [*_by_chance(batches[0][-1:], samples, step, state)] if step.chooses else []
    known = [each for each in (*made, *by_chance) if each is not None]
    if any(each.differentiates for each in known):
        yield "one-backward", "the forward or the loss computes gradients itself"
    used = list(zip(*(each.used for each in known), strict=True))
    idle = [name for name, each in zip(step.names, used, strict=True) if not all(each)]
    if idle:
        yield "every-gradient", why_idle(idle)
    varying = [n for n, each in zip(step.names, used, strict=True) if any(each) and not all(each)]
    if varying:
        what = "chance" if _varies(by_chance) else "the samples"
        yield "constant-graph", f"whether {listed(varying)} takes part depends on {what}"


def _by_chance(
    indices: Sequence[int], samples: Samples, step: ReferenceStep, state: ModelState
) -> Iterator[Gradient | None]:
    """Of one sample, by chance; less often where the model is slow."""
    end = time.monotonic() + _CHANCE_SECONDS
    for seed in range(1, _CHANCES + 1):
        yield _of_one(indices, samples, step, state, seed)
        if time.monotonic() > end:
            return


def _varies(made: Sequence[Gradient | None]) -> bool:
    """Whether not all of them use the same parameters."""
    return len({tuple(each.used) for each in made if each is not None}) > 1


def why_idle(names: Sequence[str]) -> str:
    """What to tell of parameters without a gradient."""
    return (
        f"the loss does not depend on {listed(names)}, whose gradients would be waited for in "
        "vain; freeze what is not to be trained"
    )


def _of_one(
    indices: Sequence[int],
    samples: Samples,
    step: ReferenceStep,
    state: ModelState,
    chance: int | None = None,
) -> Gradient | None:
    """Of one sample, which takes one way through a model that has several; None if too few."""
    try:
        return step.gradient([(samples.batch(indices), 1.0)], state, chance=chance)
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, TimeUp):
            raise
        return None


def listed(names: Sequence[str]) -> str:
    """One of some names, and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"

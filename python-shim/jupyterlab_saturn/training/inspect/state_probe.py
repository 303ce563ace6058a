"""What a model's forward leaves behind: in what checkpoints hold, and elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import nn

from ...errors import SaturnError
from ...task import Task
from ..components.training_mode import begin_training
from ..runtime.failure import is_out_of_memory
from ..task.samples import Samples
from ..techniques import Demand
from .gradient import Gradient
from .graph_probe import listed
from .model_state import ModelState, alike
from .own_counts import OwnCounts
from .reference_step import ReferenceStep

_ROUNDING, _SMALL = 1e-4, 1e-3  # of gradients ten times as much


def changed_state(
    task: Task, samples: Samples, step: ReferenceStep, batches: Sequence[Sequence[int]]
) -> Iterator[tuple[Demand, str]]:
    """What techniques may demand and a forward does not leave as it was, and why not.

    Parameters
    ----------
    batches
        Indices of the samples of each batch that is tried.

    Raises
    ------
    SaturnError
        ``hidden-state`` when a forward depends on those before it through something that no
        checkpoint holds.
    TimeUp
        Under a `deadline`.
    """
    model = task.model
    begin_training(model)
    state = ModelState(model)

    def forward(state: ModelState, indices: Sequence[int]) -> tuple[Gradient, dict[str, Any]]:
        """From a state, which is there again afterwards."""
        with state.kept():
            return step.gradient([(samples.batch(indices), 1.0)]), state.changes()

    fresh, _ = forward(state, batches[0])
    counts = OwnCounts({"the model": model, "the loss": task.loss, "the forward": task.forward})
    for batch in batches[1:]:
        forward(state, batch)
    again, _ = forward(state, batches[0])
    differ = partial(_differ, rounding=math.inf if step.half else _ROUNDING)
    if differ(fresh, again):
        what = (
            f"The loss of a batch is {fresh.loss:.6g}, but {again.loss:.6g}"
            if fresh.loss != again.loss
            else "The gradient of a batch is another"
        )
        raise _hidden(f"{what} after others: {state.where()} remembers earlier batches")
    counted = counts.mattering(lambda: forward(state, batches[0])[0], differ)
    if counted is not None:
        raise _hidden(f"{counted} counts the forwards, and what the loss comes to depends on it")
    with _after_a_step(model):
        moved = ModelState(model)
        # Few samples, too, which change less where each changes its own share.
        made = [forward(moved, batch) for batch in (batches[0], batches[0][:2], *batches[1:])]
        by_task = _changed_before_step(task, moved)
    if by_task:
        yield "constant-state", f"before_step changes {listed(by_task)}, which must be in one piece"
    by_first, *by_others = [changes for _, changes in made]
    # It may write what is there already, such as a weight clamped that is not too large yet.
    written = {name for gradient, _ in made for name in gradient.written}
    changed = {name for _, changes in made for name in changes}
    names = sorted(written | changed)
    if not names:
        return
    what = listed(names)
    yield "constant-state", f"the forward changes {what}, which must be in one piece for that"
    equal = all(alike(by_first, other) for other in by_others)
    if not equal or not written <= changed:
        yield "equal-state", f"the forward changes {what} by the samples it sees"
    elif task.micro_batches > 1:
        yield "equal-state", f"the forward changes {what} with each micro-batch"


def _differ(one: Gradient, other: Gradient, *, rounding: float) -> bool:
    """Whether two of the same batch are not the same. Their loss must be it exactly."""
    if not (math.isfinite(one.loss) and math.isfinite(other.loss)):
        return math.isfinite(one.loss) is not math.isfinite(other.loss)
    return one.loss != other.loss or one.difference(other, rounding, _SMALL) is not None


def _hidden(what: str) -> SaturnError:
    return SaturnError(
        "hidden-state",
        f"{what}, which no checkpoint holds.",
        "Keep it in a buffer of the model (register_buffer; a loss module can be a part of the "
        "model), or train by your own loop: %%saturn task --native.",
    )


def _changed_before_step(task: Task, state: ModelState) -> list[str]:
    """What of the model a task's own function changes before a step."""
    if task.before_step is None:
        return []
    with state.kept():
        try:
            task.before_step(0, 0)
        except Exception as error:  # it is told where it is rehearsed
            if is_out_of_memory(error):
                raise
        return sorted(state.changes())


@contextmanager
def _after_a_step(model: nn.Module) -> Iterator[None]:
    """Within it what is trained is a little off: what follows it, such as a teacher, shows then."""
    trained = [(p, p.data) for p in model.parameters() if p.requires_grad]
    try:
        for parameter, values in trained:
            parameter.data = values + 0.01
        yield
    finally:
        for parameter, values in trained:
            parameter.data = values

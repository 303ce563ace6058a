"""What of that which techniques may demand a task lacks: found by a few of its steps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ...errors import SaturnError
from ...task import Task
from ..components.side_effects import without_side_effects
from ..components.training_mode import begin_training
from ..runtime.failure import describe, is_out_of_memory
from ..task.data_order import takes_whole_batches
from ..task.epoch_order import few_batches
from ..task.samples import Samples
from ..techniques import MOST_DEMANDS, Demand
from .batch_probe import why_indivisible
from .deadline import TimeUp, deadline
from .graph_probe import changing_graph
from .reference_step import ReferenceStep
from .shortened_model import shortened
from .state_probe import changed_state
from .telling_batches import TellingBatch, telling_batches

_SECONDS, _MOST_SECONDS = 10.0, 60.0
_Batch = TypeVar("_Batch", TellingBatch, Sequence[int])
_TIMED = 4  # samples of the step that is timed


class _Extent(NamedTuple):
    """How much is tried.

    Attributes
    ----------
    samples
        Of a batch, at most.
    batches
        Of each kind, at most.
    passes
        About so many times as many samples as a batch has go through the model in all.
    """

    samples: int
    batches: int
    passes: int

    def seconds(self, step: float) -> float:
        """About what it takes, if one step of `_TIMED` samples takes so many seconds."""
        return self.passes * step * self.samples / _TIMED

    def some(self, batches: list[_Batch]) -> list[_Batch]:
        """So many of some batches, the last of them, which tells most, among them."""
        if len(batches) <= self.batches:
            return batches
        return batches[: self.batches - 1] + batches[-1:]


_FULL, _LEAST = _Extent(16, 6, 24), _Extent(_TIMED, 2, 12)


@dataclass
class Probed:
    """
    Attributes
    ----------
    unmet
        Demands that the task does not meet, and why.
    draws
        Whether the forward draws random numbers.
    too_slow
        Why nothing was tried; None when it was.
    failure
        What a step raised, where it may run on other devices.
    """

    unmet: dict[Demand, str] = field(default_factory=dict)
    draws: bool = False
    too_slow: str | None = None
    failure: Exception | None = None


def probe_demands(task: Task, samples: Samples) -> Probed:
    """Try a few real batches, whole and in parts, one after another.

    As many as take seconds; of a slow model fewer, and if that is not enough either, with
    fewer of its repeated layers. What cannot be shown counts as not met.

    Raises
    ------
    SaturnError
        As `changed_state`; ``bad-task`` when a batch is to be accumulated that cannot be cut;
        ``bad-batch`` when the last of an epoch is too small for the model.
    """
    with without_side_effects(task.model), _affordable(task, samples) as extent:
        if extent is not None:
            try:
                with deadline(_MOST_SECONDS):
                    return _try(task, samples, extent)
            except TimeUp:
                pass
    slow = f"steps of {_TIMED} samples, whole and in parts, take more than {_MOST_SECONDS:.0f} s"
    unknown = f"{slow}, so what a batch in parts trains is not known"
    unmet: dict[Demand, str] = dict.fromkeys(MOST_DEMANDS, unknown)
    return Probed(unmet, too_slow=slow)


def probe_alone(task: Task, samples: Samples) -> Probed | None:
    """Try what training on one device needs: that a forward remembers nothing, and each batch does.

    Returns
    -------
    Probed | None
        None where that takes too long, or where a step fails: `probe_demands` tells then.

    Raises
    ------
    SaturnError
        As that does.
    """
    try:
        with without_side_effects(task.model), _affordable(task, samples) as extent:
            if extent is not _FULL:
                return None
            step = ReferenceStep(task)
            begin_training(task.model)
            batches = extent.some(few_batches(task, samples.count, extent.samples))
            with deadline(_MOST_SECONDS):
                _require_last(task, samples, step, batches)
                unmet = dict(changed_state(task, samples, step, batches))
            return Probed(unmet, step.draws)
    except Exception as error:
        if isinstance(error, SaturnError) or is_out_of_memory(error):
            raise
        return None


@contextmanager
def _affordable(task: Task, samples: Samples) -> Iterator[_Extent | None]:
    """How much of the model as it then is can be tried; None for nothing."""
    whole = _step_seconds(task, samples)
    if whole is None or _FULL.seconds(whole) <= _SECONDS:
        yield _FULL
        return
    if _LEAST.seconds(whole) <= _SECONDS:
        yield _LEAST
        return
    with shortened(task.model) as less:
        short = _step_seconds(task, samples) if less else None
        if short is not None and _LEAST.seconds(short) <= _MOST_SECONDS:
            yield _FULL if _FULL.seconds(short) <= _SECONDS else _LEAST
            return
    yield _LEAST if _LEAST.seconds(whole) <= _MOST_SECONDS else None


def _step_seconds(task: Task, samples: Samples) -> float | None:
    """Of a step of few samples; None when it fails, infinite when it takes too long."""
    try:
        begin_training(task.model)
        step = ReferenceStep(task)
        indices = few_batches(task, samples.count, _TIMED)[0]
        batch = samples.batch(indices)
        with deadline(_SECONDS):
            for _ in range(2):  # the first may have to make something ready
                since = time.monotonic()
                with without_side_effects(task.model):
                    step.gradient([(batch, 1.0)])
                taken = time.monotonic() - since
                if _FULL.seconds(taken) <= _SECONDS:
                    break
        return taken
    except TimeUp:
        return float("inf")
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return None


def _try(task: Task, samples: Samples, extent: _Extent) -> Probed:
    """Raises TimeUp under a `deadline`."""
    unmet: dict[Demand, str] = {}
    failure: Exception | None = None
    step = ReferenceStep(task)
    begin_training(task.model)
    telling = extent.some(telling_batches(task, samples, extent.samples))
    batches = extent.some(few_batches(task, samples.count, extent.samples))
    _require_last(task, samples, step, batches)
    try:
        with without_side_effects(task.model):
            reason = why_indivisible(task, samples, step, telling)
        if reason is not None:
            unmet["divisible-batch"] = f"a batch cannot be cut: {reason}"
        unmet.update(changed_state(task, samples, step, batches))
        unmet.update(changing_graph(task, samples, step, batches))
    except (SaturnError, TimeUp):
        raise
    except Exception as error:
        # On the devices that it is for it may run: then the trial tells.
        if is_out_of_memory(error):
            raise
        failure = error
        what = describe(error, "forward-failed")["message"].rstrip(".")
        untried = f"steps could not be tried whole and in parts: {what}"
        unmet = {**dict.fromkeys(MOST_DEMANDS, untried), **unmet}
    reason = unmet.get("divisible-batch")
    if reason is not None and task.micro_batches > 1 and not takes_whole_batches(task):
        raise SaturnError(
            "bad-task",
            f"There are {task.micro_batches} micro_batches, but {reason}.",
            "Leave micro_batches out, or have the loss return a pair: the sum over what it "
            "counts, and how many these are.",
        )
    return Probed(unmet, step.draws, failure=failure)


def _require_last(
    task: Task, samples: Samples, step: ReferenceStep, batches: list[Sequence[int]]
) -> None:
    """Raise SaturnError ``bad-batch`` when just the last batch of an epoch cannot be trained on."""
    first, last = batches[0], batches[-1]
    if len(last) >= len(first):
        return
    try:
        with without_side_effects(task.model):
            step.gradient([(samples.batch(last), 1.0)])
        return
    except Exception as error:
        if isinstance(error, SaturnError | TimeUp) or is_out_of_memory(error):
            raise
        failure = describe(error, "forward-failed")
    try:
        with without_side_effects(task.model):
            step.gradient([(samples.batch(first), 1.0)])
    except Exception as error:
        if isinstance(error, SaturnError | TimeUp) or is_out_of_memory(error):
            raise
        return
    count = len(last)
    raise SaturnError(
        "bad-batch",
        f"The last batch of an epoch has {count} sample{'s' if count > 1 else ''}, with which a "
        f"step fails: {failure['message'].rstrip('.')}.",
        "Leave it out with drop_last=True, of the Task or its DataLoader, or choose another "
        "batch_size.",
    )
